import type { PlainKey } from '../language';
import { keepOwner } from '../ownership';
import { tokenOf } from '../route';

type Made = { room: string } | { problem: PlainKey };

const problems: Record<number, PlainKey> = { 403: 'home.closed', 401: 'home.closed', 429: 'home.busy', 503: 'home.busy' };

/** Asks the server for a new room, and keeps what makes it ours. */
export async function createRoom(): Promise<Made> {
  try {
    const answer = await fetch('/api/v1/rooms', { method: 'POST', headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) return { problem: problems[answer.status] ?? 'home.failed' };
    const { name, ownerUrl } = (await answer.json()) as { name?: unknown; ownerUrl?: unknown };
    if (typeof name !== 'string' || !name) return { problem: 'home.failed' };
    const token = typeof ownerUrl === 'string' && URL.canParse(ownerUrl) ? tokenOf(new URL(ownerUrl).hash) : undefined;
    if (token) keepOwner(name, token);
    return { room: name };
  } catch {
    return { problem: 'home.failed' };
  }
}
