/** What is needed only after the door is loaded while people stand in front of it. */
import { useEffect } from 'preact/hooks';
import { later } from './ui/later';

const call = later(async () => (await import('./call/Call')).Call);
const ended = later(async () => (await import('./states/end')).Ended);
const failed = later(async () => (await import('./states/end')).Failed);
const password = later(async () => (await import('./states/end')).Password);

export const LazyCall = call.Part;
export const LazyEnded = ended.Part;
export const LazyFailed = failed.Part;
export const LazyPassword = password.Part;

/** Begins to load what comes after the door; a failure is met again, and shown, on the way in. */
export function useRestSoon(): void {
  useEffect(() => {
    for (const part of [call, ended, failed]) void part.load().catch(() => undefined);
  }, []);
}
