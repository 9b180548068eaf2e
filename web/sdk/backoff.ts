/** Waits before the attempts to connect again, in milliseconds; the last one repeats. */
export const waits: readonly number[] = [0, 300, 1000, 2000, 4000, 8000];

/**
 * How much a wait is spread, so that a thousand pages that lost the same
 * server do not come back in the same moment.
 */
const spread = 0.3;

/** backoff is the wait before attempt n (from 0), spread by random in [0, 1). */
export function backoff(attempt: number, random: number): number {
  const wait = waits[Math.min(attempt, waits.length - 1)] ?? 0;
  return Math.round(wait * (1 - spread + 2 * spread * random));
}
