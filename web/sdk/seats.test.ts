import { beforeEach, describe, expect, test, vi } from 'vitest';
import { build, type MediaLines } from './lines';
import type { Seat } from './protocol';
import { holdFrame, Seating } from './seats';
import { fakePeer, FakeTrack, stubBrowser } from './testing/fakes';

let lines: MediaLines;
let seating: Seating;

const seat = (index: number, participant: string, more: Partial<Seat> = {}): Seat => ({ kind: 'seat', index, participant, video: true, audio: true, ...more });
const shown = (who: string, source: 'camera' | 'screen' = 'camera'): MediaStreamTrack | undefined =>
  seating.picture(who, source).value.stream?.getVideoTracks()[0];

beforeEach(() => {
  stubBrowser();
  lines = build(fakePeer({}), { seats: 4, stages: 1 });
  seating = new Seating();
  seating.attach(lines);
});

describe('pictures', () => {
  test('come from the lines of the seat', () => {
    seating.seat([seat(1, 'ana'), seat(0, 'ana', { kind: 'stage' })]);
    expect(shown('ana')).toBe(lines.seats[1]!.video.receiver.track);
    expect(shown('ana', 'screen')).toBe(lines.stages[0]!.video.receiver.track);
    expect(shown('bob')).toBeUndefined();
  });

  test('asked for before or after the seating are the same signal', () => {
    const before = seating.picture('ana', 'camera');
    seating.seat([seat(2, 'ana')]);
    expect(before.value.stream).not.toBeNull();
    expect(seating.picture('ana', 'camera')).toBe(before);
  });

  test('keep their stream while somebody keeps the seat, whatever the others do', () => {
    seating.seat([seat(0, 'ana'), seat(1, 'bob')]);
    const stream = seating.picture('ana', 'camera').value.stream;
    seating.seat([seat(0, 'ana'), seat(1, 'cid')]);
    expect(seating.picture('ana', 'camera').value.stream).toBe(stream);
    expect(seating.picture('bob', 'camera').value.stream).toBeNull();
  });

  test('are a new stream for the next person in the same seat', () => {
    seating.picture('bob', 'camera');
    seating.seat([seat(0, 'ana')]);
    const first = seating.picture('ana', 'camera').value.stream;
    seating.seat([seat(0, 'bob')]);
    const second = seating.picture('bob', 'camera').value.stream;
    expect(second).not.toBe(first);
    expect(second?.getVideoTracks()).toEqual(first?.getVideoTracks());
  });

  test.each([
    ['bandwidth', true],
    ['hidden', true],
    ['muted', false],
    ['no video', false],
  ])('paused for %s show a last frame: %s', (paused, frame) => {
    seating.seat([seat(0, 'ana', { video: false, paused })]);
    const picture = seating.picture('ana', 'camera').value;
    expect(picture.paused).toBe(paused);
    expect(picture.stream !== null).toBe(frame);
  });

  test('of voices there are none', () => {
    seating.seat([{ kind: 'voice', index: 0, participant: 'ana', video: false, audio: true }]);
    expect(seating.picture('ana', 'camera').value.stream).toBeNull();
  });
});

describe('sounds', () => {
  test('are one stream per line, from its first use and for good', () => {
    seating.seat([seat(0, 'ana'), seat(1, 'bob', { audio: false })]);
    expect(seating.audible.value).toHaveLength(1);
    const [first] = seating.audible.value;
    seating.seat([seat(0, 'ana', { audio: false }), { kind: 'voice', index: 3, participant: 'bob', video: false, audio: true }]);
    expect(seating.audible.value).toHaveLength(2);
    expect(seating.audible.value[0]).toBe(first);
    expect(seating.audible.value[1]?.getAudioTracks()[0]).toBe(lines.voices[3]!.receiver.track);
  });
});

describe('a new connection', () => {
  let next: MediaLines;

  beforeEach(() => {
    vi.useFakeTimers();
    seating.seat([seat(0, 'ana')]);
    seating.picture('ana', 'camera');
    next = build(fakePeer({}), { seats: 4, stages: 1 });
    seating.attach(next);
    return () => void vi.useRealTimers();
  });

  test('leaves the last frame until something comes', () => {
    const old = lines.seats[0]!.video.receiver.track;
    expect(shown('ana')).toBe(old);
    seating.seat([seat(0, 'ana')]);
    seating.seat([seat(0, 'ana')]);
    expect(shown('ana')).toBe(old);
    const track = next.seats[0]!.video.receiver.track;
    (track as unknown as FakeTrack).unmute();
    expect(shown('ana')).toBe(track);
  });

  test('does not wait for ever', () => {
    seating.seat([seat(0, 'ana')]);
    vi.advanceTimersByTime(holdFrame);
    expect(shown('ana')).toBe(next.seats[0]!.video.receiver.track);
  });

  test('drops who did not come back', () => {
    seating.seat([seat(0, 'bob')]);
    expect(shown('ana')).toBeUndefined();
  });
});

test('clearing empties all', () => {
  seating.seat([seat(0, 'ana')]);
  seating.clear();
  expect(shown('ana')).toBeUndefined();
  expect(seating.audible.value).toEqual([]);
});
