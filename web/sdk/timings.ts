import { effect, type ReadonlySignal } from '@preact/signals-core';
import type { Phase, Step } from './model';

/** Timings notes when each phase and step was reached first, for support reports. */
export class Timings {
  /** Milliseconds from the beginning of the watch. */
  readonly marks: Record<string, number> = {};

  /** watch begins; the function it returns ends it. */
  watch(phase: ReadonlySignal<Phase>, step: ReadonlySignal<Step>): () => void {
    const start = Date.now();
    return effect(() => {
      for (const name of [phase.value, step.value]) this.marks[name] ??= Date.now() - start;
    });
  }
}
