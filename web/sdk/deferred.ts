import type { MeetingError } from './errors';

/** A promise settled from outside. */
export interface Deferred {
  promise: Promise<void>;
  resolve: () => void;
  reject: (error: MeetingError) => void;
}

/** deferred makes one that nobody needs to wait for. */
export function deferred(): Deferred {
  let resolve!: () => void;
  let reject!: (error: MeetingError) => void;
  const promise = new Promise<void>((yes, no) => ([resolve, reject] = [yes, no]));
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
