import { signal } from '@preact/signals-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { Links, type Way } from './links';
import type { LinkQuality } from './protocol';
import { guestRoom } from './testing/fakes';

const way = signal<Way>({ self: 'me', inside: true, up: true, media: 'connected', visible: new Set(['ana', 'bob']) });
const good = { up: 3, down: 3 };
let links: Links;

const hear = (people: Record<string, { up: number; down: number }>): void => {
  const list: LinkQuality[] = Object.entries(people).map(([participant, bars]) => ({ participant, ...bars }));
  links.apply({ type: 'quality', data: { people: list } });
};
const set = (change: Partial<Way>): void => void (way.value = { ...way.peek(), ...change });

beforeEach(() => {
  way.value = { self: 'me', inside: true, up: true, media: 'connected', visible: new Set(['ana', 'bob']) };
  links = new Links(way);
});

describe('quality', () => {
  test('is what the server said last of everybody', () => {
    hear({ me: good, ana: good, bob: good });
    hear({ ana: { up: 1, down: 2 } });
    expect(links.quality.value).toEqual({ me: good, ana: { up: 1, down: 2 }, bob: good });
  });

  test('goes with who leaves, and begins anew with a room', () => {
    hear({ ana: good, bob: good });
    links.apply({ type: 'left', data: { participant: 'bob', reason: 'left' } });
    expect(Object.keys(links.quality.value)).toEqual(['ana']);
    links.apply({ type: 'joined', data: { participant: 'me', participants: [], chat: [], started: 1, resume: 'r', about: guestRoom() } });
    expect(links.quality.value).toEqual({});
  });

  test.each([
    ['signalling', { up: false }],
    ['the way of media', { media: 'interrupted' as const }],
  ])('of our own is nothing while %s is gone, whatever the server said', (_, change) => {
    hear({ me: good, ana: good });
    set(change);
    expect(links.quality.value).toEqual({ me: { up: 0, down: 0 }, ana: good });
    set({ up: true, media: 'connected' });
    expect(links.quality.value['me']).toEqual(good);
  });

  test('stays within its bars, whatever a newer server says', () => {
    hear({ ana: { up: 7, down: -1 } });
    expect(links.quality.value['ana']).toEqual({ up: 3, down: 0 });
  });
});

describe('the one thing to say', () => {
  const fine = { whose: null, bars: 3 };

  test('is nothing while all is well, or good enough', () => {
    hear({ me: { up: 2, down: 3 }, ana: { up: 2, down: 2 } });
    expect(links.weakest.value).toEqual(fine);
  });

  test('is about us first, and about the worse direction', () => {
    hear({ me: good, ana: { up: 1, down: 3 } });
    hear({ me: { up: 3, down: 1 } });
    expect(links.weakest.value).toEqual({ whose: 'mine', direction: 'down', bars: 1 });
  });

  test('is about the worst of those in sight', () => {
    hear({ ana: { up: 1, down: 3 }, bob: { up: 3, down: 1 }, cid: good });
    hear({ bob: { up: 0, down: 0 }, cid: { up: 0, down: 0 } });
    expect(links.weakest.value).toEqual({ whose: 'theirs', participant: 'bob', bars: 0 });
    set({ visible: new Set(['ana']) });
    expect(links.weakest.value).toEqual({ whose: 'theirs', participant: 'ana', direction: 'up', bars: 1 });
    set({ visible: new Set() });
    expect(links.weakest.value).toEqual(fine);
  });

  test('is not that somebody is not known yet', () => {
    hear({ me: { up: 0, down: 0 }, ana: { up: 0, down: 0 } });
    expect(links.quality.value).toEqual({});
    expect(links.weakest.value).toEqual(fine);
  });

  test('is that there is no server before all else, and nothing at the door', () => {
    hear({ me: { up: 1, down: 1 } });
    set({ up: false, media: 'interrupted' });
    expect(links.weakest.value).toEqual({ whose: 'server', bars: 0 });
    set({ up: true });
    expect(links.weakest.value).toEqual({ whose: 'mine', bars: 0 });
    set({ inside: false });
    expect(links.weakest.value).toEqual(fine);
  });

  test('is the same value while it is the same', () => {
    hear({ ana: good });
    hear({ ana: { up: 1, down: 3 } });
    const before = links.weakest.value;
    hear({ bob: good });
    expect(links.weakest.value).toBe(before);
  });
});
