import type { Bars as Count } from '../../sdk';
import { t, type PlainKey } from '../language';

const words: Record<Count, PlainKey> = { 0: 'quality.lost', 1: 'quality.poor', 2: 'quality.fair', 3: 'quality.good' };

/** How good somebody's connection is: three bars, and the word for who does not see them. */
export function Bars({ bars, class: extra = '' }: { bars: Count; class?: string }) {
  const word = t(words[bars]);
  return (
    <span class={`bars ${extra}`} role="img" aria-label={word} title={word} data-bars={bars}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
        {[5, 9, 13].map((height, i) => <rect key={height} class={i < bars ? 'bar-full' : 'bar-empty'} x={1.5 + i * 4.75} y={14.5 - height} width="3.5" height={height} rx="1" />)}
        {bars === 0 && <path class="bars-slash" d="M2 2l12 12" />}
      </svg>
    </span>
  );
}
