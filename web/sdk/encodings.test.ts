import { expect, describe, test } from 'vitest';
import { camera, differ, encodingsFor, rank, screen, type Wanted } from './encodings';

const fresh = (rids: string[]): RTCRtpEncodingParameters[] => rids.map((rid) => ({ rid, active: true }));
const three = fresh(['q', 'h', 'f']);
const two = fresh(['q', 'f']);
const all = ['q', 'h', 'f'];
const hd = { width: 1280, height: 720 };

const base: Wanted = { video: camera, rids: null, wishes: [], size: hd, line: null, neverOnlyLowest: false };
const active = (wanted: Partial<Wanted>, now = three): boolean[] => encodingsFor(now, { ...base, ...wanted }).map((e) => e.active ?? true);
const scales = (wanted: Partial<Wanted>, now = three): number[] => encodingsFor(now, { ...base, ...wanted }).map((e) => e.scaleResolutionDownBy ?? 1);

describe('what nobody wants', () => {
  test('is not encoded', () => {
    expect(active({ rids: ['q', 'f'] })).toEqual([true, false, true]);
    expect(active({ rids: [] })).toEqual([false, false, false]);
  });

  test('is not known before the server said so', () => {
    expect(active({})).toEqual([true, true, true]);
  });

  test('is kept up by one layer where the lowest alone would stop all', () => {
    expect(active({ rids: ['q'], neverOnlyLowest: true })).toEqual([true, true, false]);
    expect(active({ rids: ['q'], neverOnlyLowest: true }, two)).toEqual([true, true]);
    expect(active({ rids: ['h'], neverOnlyLowest: true })).toEqual([false, true, false]);
    expect(active({ rids: [], neverOnlyLowest: true })).toEqual([false, false, false]);
  });
});

describe('the best layer that is wanted', () => {
  test.each([
    ['as large as it is shown', 1280, 720, 1],
    ['larger than it is', 3840, 2160, 1],
    ['a little smaller', 1100, 620, 1],
    ['in four fifths', 1024, 576, 1.25],
    ['in two thirds', 853, 480, 1.5],
    ['as small as the layer below: that one is for it', 320, 180, 1.5],
    ['cut at the sides: what counts is that nothing is enlarged', 300, 720, 1],
    ['with one side said', 853, 0, 1.5],
    ['nobody knows how large', 0, 0, 1],
  ])('shown %s', (_, maxWidth, maxHeight, scale) => {
    expect(scales({ rids: all, wishes: [{ rid: 'f', maxWidth, maxHeight }] })).toEqual([4, 2, scale]);
  });

  test('is made smaller also when it is not the largest there is', () => {
    expect(scales({ rids: ['q', 'h'], wishes: [{ rid: 'h', maxWidth: 426, maxHeight: 240 }] })).toEqual([4, 3, 1]);
  });

  test('alone on its line is as small as anybody needs, and never enlarged', () => {
    const one = [{ active: true }];
    expect(scales({ rids: [''], wishes: [{ rid: '', maxWidth: 320, maxHeight: 180 }] }, one)).toEqual([4]);
    expect(scales({ rids: [''], wishes: [{ rid: '', maxWidth: 2560, maxHeight: 1440 }] }, one)).toEqual([1]);
  });

  test('stays as it is while nobody knows what is captured', () => {
    expect(scales({ rids: all, wishes: [{ rid: 'f', maxWidth: 320, maxHeight: 180 }], size: null })).toEqual([4, 2, 1]);
  });

  test('costs less when smaller, and all of it again when not', () => {
    const rate = (maxWidth: number): number => encodingsFor(three, { ...base, rids: all, wishes: [{ rid: 'f', maxWidth }] })[2]!.maxBitrate!;
    expect(rate(1280)).toBe(1_700_000);
    expect(rate(853)).toBeLessThan(1_000_000);
    expect(rate(853)).toBeGreaterThan(500_000);
  });
});

describe('frames', () => {
  const rates = (wanted: Partial<Wanted>, now = three): (number | undefined)[] => encodingsFor(now, { ...base, ...wanted }).map((e) => e.maxFramerate);

  test('are as few as anybody takes, and as many as there are again', () => {
    expect(rates({ rids: all, wishes: [{ rid: 'h', maxFramerate: 15 }] })).toEqual([undefined, 15, undefined]);
    const capped = [{ rid: 'q', maxFramerate: 7 }, { rid: 'h' }, { rid: 'f' }];
    expect(encodingsFor(capped, { ...base, rids: all })[0]).not.toHaveProperty('maxFramerate');
  });

  test('of letters are few, of films many, and a wish adds none', () => {
    expect(rates({ video: screen.text }, two)).toEqual([5, 10]);
    expect(rates({ video: screen.motion }, two)).toEqual([15, 30]);
    expect(rates({ video: screen.text, rids: ['f'], wishes: [{ rid: 'f', maxFramerate: 30 }] }, two)).toEqual([5, 10]);
  });

  test('of letters leave room for their readers, films are as ever ', () => {
    const bits = (video: typeof screen.text) => encodingsFor(two, { ...base, video, rids: ['q', 'f'], wishes: [{ rid: 'f', maxBitrate: 700_000 }] }).map((e) => e.maxBitrate);
    expect(bits(screen.text)).toEqual([100_000, 700_000]);
    expect(bits(screen.motion)).toEqual([250_000, 3_500_000]);
  });
});

describe('letters on a narrow line', () => {
  const best = (line: number | null, video = screen.text): number => encodingsFor(two, { ...base, video, line })[1]!.maxBitrate!;

  test('are asked for with what the line takes beside the rest, not switched off', () => {
    // 800 kbit/s are what libwebrtc wants to have for 1920x1080, unless the maximum is lower.
    expect(best(1_000_000)).toBeLessThan(800_000);
    expect(best(1_000_000) + 100_000 + 48_000).toBeLessThan(900_000);
    expect(best(1_000_000)).toBeGreaterThanOrEqual(500_000);
  });

  test('leave room for voices, the layer below and repairs, on every line', () => {
    for (const line of [400_000, 700_000, 1_500_000, 2_000_000]) expect(best(line) + 100_000 + 90_000).toBeLessThan(line);
  });

  test('have all they can use on a wide one, and always something', () => {
    expect(best(null)).toBe(1_800_000);
    expect(best(10_000_000)).toBe(1_800_000);
    expect(best(50_000)).toBeGreaterThan(0);
  });

  test('are the only ones: films become smaller instead', () => {
    expect(best(1_000_000, screen.motion)).toBe(3_500_000);
  });
});

test('letters are sent in full however small they are shown, films are not', () => {
  const wishes = [{ rid: 'f', maxWidth: 640, maxHeight: 360 }];
  const size = { width: 1920, height: 1080 };
  expect(scales({ video: screen.text, rids: ['q', 'f'], wishes, size }, two)).toEqual([3, 1]);
  expect(scales({ video: screen.motion, rids: ['q', 'f'], wishes, size }, two)).toEqual([3, 2.5]);
});

test('a share keeps a small layer for thumbnails, a third of its size', () => {
  expect(scales({ video: screen.text }, two)).toEqual([3, 1]);
});

test('only the first encoding names a priority, which is the whole sender’s', () => {
  const set = encodingsFor(three, base);
  expect(set.map((e) => e.priority)).toEqual(['low', undefined, undefined]);
  expect(rank('high', 0)).toEqual({ priority: 'high', networkPriority: 'high' });
  expect(rank('high', 1)).toEqual({});
});

test('a layer of another name is switched and otherwise left alone', () => {
  expect(encodingsFor([{ rid: 'x', maxBitrate: 7 }, ...two], { ...base, rids: ['f'] })[0]).toEqual({ rid: 'x', maxBitrate: 7, active: false });
});

test('what is set already is no difference', () => {
  const once = encodingsFor(three, { ...base, rids: ['q'] });
  expect(differ(once, encodingsFor(once, { ...base, rids: ['q'] }))).toBe(false);
  expect(differ(once, encodingsFor(once, { ...base, rids: ['q', 'h'] }))).toBe(true);
});
