/**
 * What this person may do, so that nobody is shown a button the server would
 * refuse. The server says it with the room; this only draws.
 */
import type { Action } from '../sdk';
import type { Session } from './session';

export type { Action };

/** Whether we may do something in the room we are in. */
export function may({ about }: Pick<Session, 'about'>, action: Action): boolean {
  return about.value.may.includes(action);
}
