/** What a screen reader should say without moving the focus. */
import { signal } from '@preact/signals';

const polite = signal('');
const urgent = signal('');

/** Speaks a sentence; urgent ones interrupt. Saying the same again is heard again. */
export function announce(text: string, how: 'polite' | 'urgent' = 'polite'): void {
  const line = how === 'urgent' ? urgent : polite;
  line.value = line.peek() === text ? `${text}\u00a0` : text;
}

/** The two live regions; they stand on the page from the start, or nothing is heard. */
export function LiveRegions() {
  return (
    <>
      <div class="aside" role="status" aria-live="polite">{polite.value}</div>
      <div class="aside" role="alert" aria-live="assertive">{urgent.value}</div>
    </>
  );
}
