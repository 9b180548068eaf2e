import { describe, expect, test } from 'vitest';
import { clean, fit, roomFor, seatSteps } from './layout';
import type { Tile } from './protocol';

const tile = (participant: string, source: Tile['source'] = 'camera', width = 320, height = 180): Tile => ({ participant, source, width, height });
const people = (n: number): Tile[] => Array.from({ length: n }, (_, i) => tile(`p${i}`));

test.each([
  [0, 4],
  [4, 4],
  [5, 9],
  [10, 16],
  [17, 25],
  [26, 49],
  [80, 49],
])('%i pictures need %i seats', (n, seats) => {
  expect(fit(seatSteps, n)).toBe(seats);
});

describe('room', () => {
  test('grows by steps and never shrinks', () => {
    let room = { seats: 4, stages: 1 };
    room = roomFor(people(7), room);
    expect(room).toEqual({ seats: 9, stages: 1 });
    room = roomFor([tile('a', 'screen'), tile('b', 'screen'), tile('c', 'screen')], room);
    expect(room).toEqual({ seats: 9, stages: 4 });
    expect(roomFor([], room)).toEqual(room);
  });
});

describe('tiles', () => {
  test('are of others, once each, in whole pixels', () => {
    const tiles = clean([tile('me'), tile('a', 'camera', 320.2, 180.7), tile('a'), tile('a', 'screen', -1, Number.NaN)], 'me', 64);
    expect(tiles).toEqual([tile('a', 'camera', 321, 181), tile('a', 'screen', 0, 0)]);
  });

  test('are cut at the limit, the least important first', () => {
    expect(clean(people(80), 'me', 64).at(-1)?.participant).toBe('p63');
  });
});
