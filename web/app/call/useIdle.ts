import { useEffect, useState } from 'preact/hooks';
import type { CallState } from './state';

const after = 3000;
const wide = '(min-width: 960px) and (hover: hover) and (pointer: fine)';

/**
 * True when the controls may fade: a wide page, a mouse that has rested for
 * three seconds, no menu or panel open, no keyboard focus in the controls.
 */
export function useIdle(call: CallState): boolean {
  const [idle, setIdle] = useState(false);
  useEffect(() => {
    const roomy = window.matchMedia(wide);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const rest = () => {
      const busy = !roomy.matches || call.menu.peek() || call.panel.peek() || call.dialog.peek() || document.querySelector('.bar :focus-visible');
      if (!busy) setIdle(true);
    };
    const stir = (event: Event) => {
      setIdle(false);
      clearTimeout(timer);
      if (event instanceof PointerEvent && event.pointerType !== 'mouse') return;
      timer = setTimeout(rest, after);
    };
    const events = ['pointermove', 'pointerdown', 'keydown', 'focusin', 'touchstart'] as const;
    events.forEach((name) => document.addEventListener(name, stir, { passive: true }));
    timer = setTimeout(rest, after);
    return () => {
      clearTimeout(timer);
      events.forEach((name) => document.removeEventListener(name, stir));
    };
  }, []);
  return idle;
}
