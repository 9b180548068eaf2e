import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface Props { id: string; label: string; class?: string; onClose: () => void; children: ComponentChildren }

// Of a group of radio buttons the chosen one takes the focus, as with Tab.
const focusable = 'button:not([disabled]), [href], input:not([type=radio]), input:checked, select, textarea';

/** What can have the focus in a box: on wide pages some of it is hidden. */
function items(box: HTMLElement): HTMLElement[] {
  return [...box.querySelectorAll<HTMLElement>(focusable)].filter((item) => item.offsetParent !== null);
}

function move(box: HTMLElement, step: number): void {
  const all = items(box);
  const at = all.indexOf(document.activeElement as HTMLElement);
  all[(at + step + all.length) % all.length]?.focus();
}

const steps: Record<string, number> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/**
 * A small sheet beside the button that opened it. Escape and a press elsewhere
 * close it; the focus goes in and comes back.
 */
export function Popover({ id, label, class: extra = '', onClose, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    const opener = document.activeElement as HTMLElement | null;
    if (element) items(element)[0]?.focus({ preventScroll: true });
    const press = (event: PointerEvent) => {
      const anchor = box.current?.parentElement;
      if (anchor && !anchor.contains(event.target as Node)) onClose();
    };
    document.addEventListener('pointerdown', press, true);
    return () => {
      document.removeEventListener('pointerdown', press, true);
      // By now the sheet may be gone, and the focus with it.
      const { activeElement } = document;
      if (!activeElement || activeElement === document.body || element?.contains(activeElement)) opener?.focus();
    };
  }, []);
  const key = (event: KeyboardEvent) => {
    const sideways = event.key === 'ArrowLeft' || event.key === 'ArrowRight';
    const among = sideways && (event.target as HTMLElement).matches('input[type=radio]');
    const step = among ? undefined : steps[event.key];
    if (event.key === 'Escape') {
      event.stopPropagation();
      onClose();
    } else if (step && box.current) {
      event.preventDefault();
      move(box.current, step);
    }
  };
  return <div ref={box} id={id} role="group" aria-label={label} class={`popover dark ${extra}`} onKeyDown={key}>{children}</div>;
}
