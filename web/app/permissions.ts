/**
 * What each role may do, so that nobody is shown a button the server would
 * refuse. The table is that of docs/protocol.md, "Roles and what they may do";
 * the server decides, this only draws.
 */
import type { Role } from '../sdk';

export type Action =
  | 'publish' // send microphone and camera
  | 'share' // send a screen
  | 'chat' // write to everyone
  | 'signal' // raise a hand, react
  | 'admit' // let somebody in from the lobby
  | 'deny'; // refuse somebody in the lobby

const closed: Record<Role, readonly Action[]> = {
  host: [],
  member: ['deny'],
  guest: ['admit', 'deny'],
  viewer: ['publish', 'share', 'chat', 'signal', 'admit', 'deny'],
};

/** Whether somebody may do something. Who is not known yet, or of a role this page does not know, is taken for a guest. */
export function may(who: { role: Role } | null, action: Action): boolean {
  return !(closed[who?.role ?? 'guest'] ?? closed.guest).includes(action);
}
