/** What the dialog of links knows: roles that can be given, how long links last, and how one stands. */
import type { Link, Role } from '../../../sdk/protocol';
import { t, type PlainKey } from '../../language';
import { day, time } from '../../format';
import { invitation } from '../../route';

const hour = 3_600_000;

/** How long a link may last, in milliseconds, by what that is called. */
export const spans = { 'links.hour': hour, 'links.day': 24 * hour, 'links.week': 7 * 24 * hour, 'links.month': 30 * 24 * hour } as const;
export type Span = keyof typeof spans;

/** Roles people give by links, lowest first; a server may have others, which programs give. */
const given: readonly Role[] = ['guest', 'member', 'co-host'];
const ranks: readonly Role[] = ['viewer', 'guest', 'member', 'presenter', 'co-host', 'host', 'owner'];

/** The roles somebody may give: none above their own. */
export function givable(own: Role): Role[] {
  const most = ranks.indexOf(own);
  return given.filter((role) => ranks.indexOf(role) <= most);
}

/** What a role is called; roles of the server's own keep their names. */
export function roleName(role: Role): string {
  return (ranks as readonly string[]).includes(role) ? t(`role.${role}` as PlainKey) : role;
}

/** Where a link leads. The token stands behind the #, which browsers send to nobody. */
export function addressOf(room: string, token: string): string {
  return `${invitation(room)}#token=${token}`;
}

/** Whether somebody could still come by a link. */
export function open(link: Link, now = Date.now()): boolean {
  return !link.revoked && link.expires > now && !(link.once && link.used);
}

/** How a link stands, in words. */
export function standing(link: Link, now = Date.now()): string {
  const role = roleName(link.role);
  if (link.revoked) return t('links.revoked', { role });
  if (link.once && link.used) return t('links.used', { role });
  if (link.expires <= now) return t('links.expired', { role });
  const when = link.expires - now < spans['links.day'] ? time(link.expires) : day(link.expires);
  return t(link.once ? 'links.onceUntil' : 'links.until', { role, when });
}
