import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';

/** A part of the page that comes in a file of its own. */
export interface Later<Props> {
  /** Begins to load it; loading it twice loads it once. */
  load: () => Promise<void>;
  /** The part, as soon as it is there. */
  Part: ComponentType<Props>;
}

/**
 * Makes a part of what brings it. When it cannot be had, a new release has
 * most likely taken the old file away: the page as it is now has the right one.
 */
export function later<Props extends object>(bring: () => Promise<ComponentType<Props>>, failed: (props: Props) => void = () => location.reload()): Later<Props> {
  const loaded = signal<ComponentType<Props> | null>(null);
  const load = async () => {
    if (!loaded.peek()) loaded.value = await bring();
  };
  const Part = (props: Props) => {
    useEffect(() => { void load().catch(() => failed(props)); }, []);
    const Loaded = loaded.value;
    return Loaded ? <Loaded {...props} /> : null;
  };
  return { load, Part };
}
