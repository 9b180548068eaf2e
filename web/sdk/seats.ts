import { signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { MediaLines } from './lines';
import type { Picture, PictureSource } from './model';
import type { Seat } from './protocol';

/** How long a last frame stays while a new connection's first one is on its way, in milliseconds. */
export const holdFrame = 4_000;

/** Why a seat keeps its person's last frame on show. */
const keepsFrame: ReadonlySet<string> = new Set(['bandwidth', 'hidden']);

interface Shown {
  track: MediaStreamTrack;
  stream: MediaStream;
}

/**
 * Seating turns "who sits where" and the lines of a connection into pictures
 * by person and sounds by line.
 */
export class Seating {
  readonly audible: ReadonlySignal<MediaStream[]>;
  private readonly sounds = signal<MediaStream[]>([]);
  private readonly pictures = new Map<string, Signal<Picture>>();
  private readonly shown = new Map<string, Shown>();
  private readonly waiting = new Map<string, { track: MediaStreamTrack; cancel: () => void }>();
  private readonly heard = new Map<MediaStreamTrack, MediaStream>();
  private lines: MediaLines | null = null;
  /** Tracks of the connection before, whose last frames may still be on show. */
  private old = new Set<MediaStreamTrack>();
  seats: Seat[] = [];

  constructor() {
    this.audible = this.sounds;
  }

  /** picture is the signal of one person's picture, the same for every call. */
  picture(participant: string, source: PictureSource): ReadonlySignal<Picture> {
    const key = name(participant, source);
    let picture = this.pictures.get(key);
    if (!picture) {
      picture = signal<Picture>(this.first(key));
      this.pictures.set(key, picture);
    }
    return picture;
  }

  /** attach takes the lines of a new connection; last frames stay until new ones come. */
  attach(lines: MediaLines): void {
    this.lines = lines;
    this.old = new Set([...this.shown.values()].map((s) => s.track));
    this.heard.clear();
    this.seats = [];
  }

  /** seat takes a whole new seating. */
  seat(seats: Seat[]): void {
    this.seats = seats;
    this.place();
    this.listen();
  }

  /** clear empties every seat: the meeting is over for us. */
  clear(): void {
    this.old.clear();
    this.seats = [];
    this.place();
    this.heard.clear();
    this.sounds.value = [];
  }

  /** What somebody's picture is when it is asked for the first time. */
  private first(key: string): Picture {
    const seat = this.seated().get(key);
    const track = seat && this.trackOf(seat);
    if (!track || !visible(seat)) return picture(null, seat?.paused);
    const stream = new MediaStream([track]);
    this.shown.set(key, { track, stream });
    return picture(stream, seat.paused);
  }

  private place(): void {
    const seated = this.seated();
    for (const [key, picture] of this.pictures) this.show(key, picture, seated.get(key));
  }

  /** Who has a seat with a picture, by the key of the picture. */
  private seated(): Map<string, Seat> {
    const people = this.seats.filter((s) => s.participant && s.kind !== 'voice');
    return new Map(people.map((s) => [name(s.participant ?? '', s.kind === 'stage' ? 'screen' : 'camera'), s]));
  }

  private show(key: string, picture: Signal<Picture>, seat: Seat | undefined): void {
    const before = this.shown.get(key);
    const track = seat && this.trackOf(seat);
    if (!seat || !track) {
      // Between two connections nobody is seated yet: keep the last frame.
      if (before && this.old.has(before.track) && this.seats.length === 0) return;
      return this.set(key, picture, undefined, seat?.paused);
    }
    if (!visible(seat)) return this.set(key, picture, undefined, seat.paused);
    if (before?.track === track) return this.set(key, picture, before, seat.paused);
    const next = { track, stream: new MediaStream([track]) };
    if (before && this.old.has(before.track) && track.muted) return this.hold(key, picture, next, seat.paused);
    this.set(key, picture, next, seat.paused);
  }

  /** hold shows the new track as soon as something comes on it. */
  private hold(key: string, picture: Signal<Picture>, next: Shown, paused: string | undefined): void {
    const waiting = this.waiting.get(key);
    if (waiting?.track === next.track) return;
    waiting?.cancel();
    const swap = (): void => this.set(key, picture, next, paused);
    const timer = setTimeout(swap, holdFrame);
    next.track.addEventListener('unmute', swap, { once: true });
    const cancel = (): void => {
      clearTimeout(timer);
      next.track.removeEventListener('unmute', swap);
    };
    this.waiting.set(key, { track: next.track, cancel });
  }

  private set(key: string, value: Signal<Picture>, shown: Shown | undefined, paused: string | undefined): void {
    this.waiting.get(key)?.cancel();
    this.waiting.delete(key);
    if (shown) this.shown.set(key, shown);
    else this.shown.delete(key);
    const stream = shown?.stream ?? null;
    const now = value.peek();
    if (now.stream === stream && now.paused === paused) return;
    value.value = picture(stream, paused);
  }

  /** A line is played from the first time somebody is on it, and then stays: no word is cut by a late start. */
  private listen(): void {
    let changed = false;
    for (const seat of this.seats) {
      const track = seat.audio ? this.soundOf(seat) : undefined;
      if (!track || this.heard.has(track)) continue;
      this.heard.set(track, new MediaStream([track]));
      changed = true;
    }
    if (changed) this.sounds.value = [...this.heard.values()];
  }

  private trackOf({ kind, index }: Seat): MediaStreamTrack | undefined {
    const pairs = kind === 'stage' ? this.lines?.stages : this.lines?.seats;
    return kind === 'voice' ? undefined : pairs?.[index]?.video.receiver.track;
  }

  private soundOf({ kind, index }: Seat): MediaStreamTrack | undefined {
    if (kind === 'voice') return this.lines?.voices[index]?.receiver.track;
    const pairs = kind === 'stage' ? this.lines?.stages : this.lines?.seats;
    return pairs?.[index]?.audio.receiver.track;
  }
}

function name(participant: string, source: PictureSource): string {
  return `${source} ${participant}`;
}

function visible(seat: Seat): boolean {
  return seat.video || keepsFrame.has(seat.paused ?? '');
}

function picture(stream: MediaStream | null, paused: string | undefined): Picture {
  return paused ? { stream, paused } : { stream };
}
