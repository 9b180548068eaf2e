/** `window.palabre`, what support and tests may ask of the page. */
import type { Session } from './session';
import { version } from './version';

export interface PageHandle {
  readonly version: string;
  /** A snapshot of what is sent and received. */
  stats(): Promise<unknown>;
  /** The same as text to send to who looks after the server; without names and addresses. */
  report(): Promise<string>;
}

declare global {
  interface Window { palabre?: PageHandle }
}

/** Lets the page answer for a meeting. */
export function expose(meeting: Session | null): void {
  window.palabre = {
    version,
    stats: async () => (meeting ? meeting.stats() : { phase: 'home', participants: [], seats: [], sent: [] }),
    report: async () => meeting?.report() ?? '',
  };
}
