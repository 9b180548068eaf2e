/** The call is loaded while people are still at the door. */
import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Session } from './session';

const call = signal<ComponentType<{ meeting: Session }> | null>(null);

async function load(): Promise<void> {
  if (!call.peek()) call.value = (await import('./call/Call')).Call;
}

/** Begins to load the call; a failure is met again, and shown, on the way in. */
export function useCallSoon(): void {
  useEffect(() => { void load().catch(() => undefined); }, []);
}

/** The call, as soon as it is there: normally at once. */
export function LazyCall({ meeting }: { meeting: Session }) {
  useEffect(() => {
    // A new release may have taken the old file away: the page as it is now has the right one.
    void load().catch(() => location.reload());
  }, []);
  const Call = call.value;
  return Call ? <Call meeting={meeting} /> : null;
}
