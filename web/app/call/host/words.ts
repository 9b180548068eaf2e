/** What roles are called; a server's own roles are called by their names. */
import { hosting } from '../../../locales/hosting';
import { addTexts } from '../../../locales/text';
import type { Role } from '../../../sdk';
import { t, type PlainKey } from '../../language';

addTexts(hosting);

const known: Readonly<Record<string, PlainKey>> = {
  owner: 'role.owner', host: 'role.host', 'co-host': 'role.co-host', presenter: 'role.presenter', member: 'role.member', guest: 'role.guest', viewer: 'role.viewer',
};

export function roleName(role: Role): string {
  const key = known[role];
  if (key) return t(key);
  return role.charAt(0).toLocaleUpperCase() + role.slice(1).replace(/-/g, ' ');
}
