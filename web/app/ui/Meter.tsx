import type { ReadonlySignal } from '@preact/signals';
import { useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { t } from '../language';

/** How loud the microphone is; drawn without rendering the page anew. */
export function Meter({ level }: { level: ReadonlySignal<number> }) {
  const bar = useRef<HTMLSpanElement>(null);
  useSignalEffect(() => {
    const now = Math.min(1, Math.max(0, level.value));
    if (bar.current) bar.current.style.transform = `scaleX(${now.toFixed(3)})`;
  });
  return <div class="meter" role="img" aria-label={t('door.level')}><span ref={bar} /></div>;
}
