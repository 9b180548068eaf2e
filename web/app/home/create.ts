import type { PlainKey } from '../language';

type Made = { room: string } | { problem: PlainKey };

const problems: Record<number, PlainKey> = { 403: 'home.closed', 401: 'home.closed', 429: 'home.busy', 503: 'home.busy' };

/** Asks the server for the name of a new room. */
export async function createRoom(): Promise<Made> {
  try {
    const answer = await fetch('/api/v1/rooms', { method: 'POST', headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) return { problem: problems[answer.status] ?? 'home.failed' };
    const { name } = (await answer.json()) as { name?: unknown };
    return typeof name === 'string' && name ? { room: name } : { problem: 'home.failed' };
  } catch {
    return { problem: 'home.failed' };
  }
}
