/**
 * What the page needs of the client library, as interfaces: screens can then
 * be shown with a meeting that has no server behind it.
 */
import type { LocalMedia, Meeting } from '../sdk';

export type Local = Pick<LocalMedia, keyof LocalMedia>;
export type Session = Omit<Pick<Meeting, keyof Meeting>, 'local'> & { readonly local: Local };
