import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hiddenFor, watchSight } from './network';
import type { Tile } from './protocol';
import { Viewing } from './viewing';

const ana: Tile = { participant: 'ana', source: 'camera', width: 640, height: 360 };
const screen: Tile = { participant: 'bob', source: 'screen', width: 1600, height: 900 };
const gone = (tile: Tile): Tile => ({ ...tile, width: 0, height: 0 });

let sent: Tile[][];
let open: boolean;
let viewing: Viewing;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  open = true;
  const send = (tiles: Tile[]): boolean => (open ? (sent.push(tiles), true) : false);
  viewing = new Viewing({ allowed: () => true, send, grow: () => undefined, room: { seats: 4, stages: 1 } });
  viewing.show([screen, ana]);
});

afterEach(() => {
  viewing.stop();
  vi.useRealTimers();
});

test('what a page shows is said, the latest of many changes only', () => {
  for (let width = 100; width <= 200; width += 10) viewing.show([{ ...ana, width }]);
  expect(sent).toEqual([[screen, ana]]);
  vi.advanceTimersByTime(100);
  expect(sent.slice(1)).toEqual([[{ ...ana, width: 200 }]]);
  vi.advanceTimersByTime(1000);
  expect(sent).toHaveLength(2);
});

test('who is shown is known', () => {
  expect([...viewing.people.value]).toEqual(['bob', 'ana']);
});

describe('pictures the person does not want', () => {
  test.each([
    ['screens', [screen, gone(ana)]],
    ['none', [gone(screen), gone(ana)]],
  ] as const)('are not asked for: %s', (incoming, tiles) => {
    viewing.take(incoming);
    expect(sent.at(-1)).toEqual(tiles);
    expect(viewing.incoming.value).toBe(incoming);
    viewing.take('all');
    expect(sent.at(-1)).toEqual([screen, ana]);
  });

  test('stay away when the page shows other tiles', () => {
    viewing.take('none');
    viewing.show([ana]);
    vi.advanceTimersByTime(100);
    expect(sent.at(-1)).toEqual([gone(ana)]);
  });
});

describe('a hidden page', () => {
  test('asks for no cameras, keeps screens alive, and has all back at once', () => {
    viewing.hide(true);
    expect(sent.at(-1)).toEqual([{ ...screen, width: 320, height: 180 }, gone(ana)]);
    viewing.hide(false);
    expect(sent.at(-1)).toEqual([screen, ana]);
  });

  test('makes no screen larger, and brings none back that nobody wants', () => {
    viewing.show([{ ...screen, width: 160, height: 90 }]);
    viewing.hide(true);
    expect(sent.at(-1)).toEqual([{ ...screen, width: 160, height: 90 }]);
    viewing.take('none');
    expect(sent.at(-1)).toEqual([gone(screen)]);
  });
});

test('a server that was away is told again', () => {
  open = false;
  viewing.take('screens');
  open = true;
  viewing.again();
  expect(sent.at(-1)).toEqual([screen, gone(ana)]);
});

describe('sight', () => {
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible' as string });
  let seen: boolean[];
  let end: () => void;

  beforeEach(() => {
    vi.stubGlobal('document', page);
    seen = [];
    end = watchSight((hidden) => void seen.push(hidden));
    seen = [];
  });
  afterEach(() => {
    end();
    vi.unstubAllGlobals();
  });

  const turn = (state: string): void => {
    page.visibilityState = state;
    page.dispatchEvent(new Event('visibilitychange'));
  };

  test('is lost after a while and back at once', () => {
    turn('hidden');
    vi.advanceTimersByTime(hiddenFor - 1);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual([true]);
    turn('visible');
    expect(seen).toEqual([true, false]);
  });

  test('is not lost by a look at another tab', () => {
    turn('hidden');
    vi.advanceTimersByTime(hiddenFor - 1);
    turn('visible');
    vi.advanceTimersByTime(hiddenFor * 2);
    expect(seen).toEqual([false]);
  });
});
