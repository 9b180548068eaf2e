import { expect, test } from 'vitest';
import { backoff, waits } from './backoff';

test('grows to its last step and stays there', () => {
  const middle = waits.map((_, i) => backoff(i, 0.5));
  expect(middle).toEqual([...waits]);
  expect(backoff(1000, 0.5)).toBe(waits.at(-1));
});

test('is spread by 30 % each way and never negative', () => {
  for (let i = 0; i < waits.length; i++) {
    const wait = waits[i]!;
    expect(backoff(i, 0)).toBe(Math.round(wait * 0.7));
    expect(backoff(i, 0.999999)).toBeLessThanOrEqual(Math.round(wait * 1.3));
  }
});
