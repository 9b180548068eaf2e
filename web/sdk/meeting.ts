import { signal, type ReadonlySignal } from '@preact/signals-core';
import { LocalMedia } from './devices';
import type { Ended, Failure, Line, Participant, Phase, Picture, PictureSource, Self, Speaking, Step } from './model';
import type { Knock, Preview, Tile } from './protocol';
import type { MeetingStats } from './stats';

export interface MeetingOptions {
  room: string;
  /** A join token; without it one comes as a guest. */
  token?: string;
  /** WebSocket URL; default is /ws of the page's own origin. */
  url?: string;
  local?: LocalMedia;
  /** How many seats the first offer holds, default 4. */
  seats?: number;
}

/** One session in one room. */
export class Meeting {
  readonly phase: ReadonlySignal<Phase> = signal('connecting');
  readonly step: ReadonlySignal<Step> = signal('signalling');
  readonly failure: ReadonlySignal<Failure | null> = signal(null);
  readonly ended: ReadonlySignal<Ended | null> = signal(null);
  readonly self: ReadonlySignal<Self | null> = signal(null);
  /** The token fixes the name; '' when the person chooses. */
  readonly fixedName: ReadonlySignal<string> = signal('');
  readonly preview: ReadonlySignal<Preview> = signal({ count: 0, names: [] });
  /** Everybody in the room, ourselves included, in the order they came. */
  readonly participants: ReadonlySignal<Participant[]> = signal([]);
  readonly speakers: ReadonlySignal<Speaking> = signal({ speaking: [] });
  readonly chat: ReadonlySignal<Line[]> = signal([]);
  readonly knocks: ReadonlySignal<Knock[]> = signal([]);
  /** When the first person joined, milliseconds since 1970 UTC; 0 before we are in. */
  readonly started: ReadonlySignal<number> = signal(0);
  /** One stream per audible line, each to be played by one hidden audio element. */
  readonly audible: ReadonlySignal<MediaStream[]> = signal([]);
  readonly local: LocalMedia;

  constructor(readonly options: MeetingOptions) {
    this.local = options.local ?? new LocalMedia();
  }

  /** Somebody's picture; our own too, by our own id. Same signal for the same arguments. */
  stream(_participant: string, _source: PictureSource): ReadonlySignal<Picture> {
    return signal({ stream: null });
  }
  onReaction(_hear: (participant: string, emoji: string) => void): () => void {
    return () => {};
  }
  /** Connects to the server and prepares media; call it as soon as the page is there. */
  open(): void {}
  /** Enters the room; resolves when in, rejects with a MeetingError when refused. */
  async join(_name: string): Promise<void> {}
  /** Leaves for good; `ended` follows. */
  leave(): void {}
  /** Lets go of everything, devices excepted unless the meeting made them itself. */
  close(): void {}
  say(_text: string): void {}
  hand(_raised: boolean): void {}
  react(_emoji: string): void {}
  admit(_participant: string): void {}
  deny(_participant: string): void {}
  rename(_name: string): void {}
  /** Says what the page shows, most important first; our own tiles may be among them. */
  show(_tiles: Tile[]): void {}
  async stats(): Promise<MeetingStats> {
    throw new Error('not open');
  }
}
