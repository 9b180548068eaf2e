/** What a person set for themselves; kept in the browser when it allows. */
import { effect, signal, type Signal } from '@preact/signals';
import { memory } from './memory';

type Switch = 'keys' | 'sounds' | 'mirror' | 'self';

function remembered(field: Switch): Signal<boolean> {
  const value = signal(memory.get(field) !== 'off');
  let first = true;
  effect(() => {
    const now = value.value;
    if (!first) memory.set(field, now ? 'on' : 'off');
    first = false;
  });
  return value;
}

export const preferences = {
  /** Single letters act as shortcuts (WCAG 2.1.4 wants a switch). */
  keys: remembered('keys'),
  /** Short sounds when somebody comes or knocks. */
  sounds: remembered('sounds'),
  /** One's own picture is mirrored for oneself. */
  mirror: remembered('mirror'),
  /** One's own picture is shown in the call. */
  self: remembered('self'),
};
