import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Role } from '../sdk';
import { may, type Action } from './permissions';

const page = readFileSync(fileURLToPath(new URL('../../docs/protocol.md', import.meta.url)), 'utf8');
const named: Record<Action, string> = {
  publish: 'send microphone and camera', share: 'share a screen', chat: 'write in the chat',
  signal: 'raise a hand, react', admit: 'admit from the lobby', deny: 'refuse in the lobby',
};

/** The cells of a row of the table under "Roles and what they may do". */
function row(first: string): string[] {
  const table = page.slice(page.indexOf('## Roles and what they may do'));
  const line = table.split('\n').find((text) => text.startsWith(`| ${first} |`)) ?? '';
  return line.split('|').slice(2, -1).map((cell) => cell.trim().replaceAll('`', ''));
}

describe('permissions', () => {
  const roles = /\|\s*\| `host` \|.*/.exec(page)![0].split('|').slice(2, -1).map((cell) => cell.trim().replaceAll('`', '')) as Role[];

  it.each(Object.keys(named) as Action[])('are those of docs/protocol.md: %s', (action) => {
    expect(roles).toHaveLength(4);
    const cells = row(named[action]);
    expect(roles.map((role) => [role, may({ role }, action)])).toEqual(roles.map((role, i) => [role, cells[i] === 'yes']));
  });

  it('take who is unknown for a guest', () => {
    expect(may(null, 'publish')).toBe(true);
    expect(may(null, 'admit')).toBe(false);
    expect(may({ role: 'bard' as Role }, 'chat')).toBe(true);
    expect(may({ role: 'bard' as Role }, 'deny')).toBe(false);
  });
});
