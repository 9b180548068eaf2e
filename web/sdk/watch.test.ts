import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ScreenContent } from './screen';
import { FakeSender } from './testing/fakes';
import { Guess, watchScreen } from './watch';

const hd = 1920 * 1080;

/** Looks at a screen once a second while it makes so many frames of so many bytes each. */
class Desk {
  private counts = { at: 0, frames: 0, bytes: 0, pixels: hd };
  constructor(private readonly guess: Guess) {
    guess.look({ ...this.counts });
  }
  shows(seconds: number, framesPerSecond: number, bytes: number, pixels = hd): ScreenContent {
    let content: ScreenContent = 'text';
    for (let i = 0; i < seconds; i++) {
      const { at, frames, bytes: before } = this.counts;
      this.counts = { at: at + 1000, frames: frames + framesPerSecond, bytes: before + framesPerSecond * bytes, pixels };
      content = this.guess.look({ ...this.counts });
    }
    return content;
  }
}

const film = [10, 22_000] as const; // text mode's ten frames, at its full rate
const pointer = [10, 400] as const;

describe('a screen', () => {
  test('with a film is one to watch, within five seconds', () => {
    expect(new Desk(new Guess('text', false)).shows(5, ...film)).toBe('motion');
  });

  test('with a tab and its sound is believed sooner', () => {
    expect(new Desk(new Guess('text', true)).shows(2, ...film)).toBe('motion');
  });

  test.each([
    ['a pointer that moves', ...pointer],
    ['slides, each of them new', 1, 200_000],
    ['nothing at all', 0, 0],
  ])('with %s is one to read', (_, frames, bytes) => {
    expect(new Desk(new Guess('text', false)).shows(30, frames, bytes)).toBe('text');
  });

  test('that is scrolled now and then is one to read', () => {
    const desk = new Desk(new Guess('text', false));
    for (let i = 0; i < 10; i++) {
      expect(desk.shows(3, ...film)).toBe('text');
      expect(desk.shows(1, ...pointer)).toBe('text');
    }
  });

  test('whose film has ended is one to read again, not at the first still scene', () => {
    const desk = new Desk(new Guess('motion', false));
    desk.shows(5, 30, 12_000);
    expect(desk.shows(5, 1, 5_000)).toBe('motion');
    desk.shows(1, 30, 12_000);
    expect(desk.shows(8, ...pointer)).toBe('text');
  });

  test('of another size is not compared with what it was', () => {
    const desk = new Desk(new Guess('text', true));
    for (let i = 0; i < 6; i++) expect(desk.shows(1, 10, 22_000, hd / (1 + (i % 2)))).toBe('text');
  });
});

describe('the watch', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('reads the best layer and the line, until it ends', async () => {
    const sender = new FakeSender([]);
    const guessed: ScreenContent[] = [];
    const lines: number[] = [];
    let n = 0;
    const tick = async (): Promise<void> => {
      n++;
      sender.rows = [
        { type: 'outbound-rtp', timestamp: n * 1000, framesEncoded: n, bytesSent: n, frameWidth: 640, frameHeight: 360 },
        { type: 'outbound-rtp', timestamp: n * 1000, framesEncoded: n * 10, bytesSent: n * 220_000, frameWidth: 1920, frameHeight: 1080 },
        { type: 'candidate-pair', availableOutgoingBitrate: 3_000_000 },
      ];
      await vi.advanceTimersByTimeAsync(1000);
    };
    const watch = { content: 'text' as const, likely: false, guessed: (c: ScreenContent) => void guessed.push(c), line: (b: number) => void lines.push(b) };
    const end = watchScreen({ sender: sender as unknown as RTCRtpSender, ...watch });
    for (let i = 0; i < 6; i++) await tick();
    expect(guessed.at(-1)).toBe('motion');
    expect(lines).toContain(3_000_000);
    end();
    const before = guessed.length;
    await tick();
    expect(guessed).toHaveLength(before);
  });
});
