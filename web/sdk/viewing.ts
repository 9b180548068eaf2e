import { signal, type ReadonlySignal } from '@preact/signals-core';
import { clean, lessened, roomFor, type Room } from './layout';
import type { Incoming } from './model';
import { MaxTiles, type Tile } from './protocol';

/** At most one layout message in this time, the latest counts; in milliseconds. */
const gap = 100;

export interface ViewingOptions {
  /** Whether the server takes layouts from us now. */
  allowed: () => boolean;
  /** Says to the server what we show; false when it cannot be told now. */
  send: (tiles: Tile[]) => boolean;
  /** Makes the connection hold what we show. */
  grow: (room: Room) => void;
  /** Seats and stages of the first offer. */
  room: Room;
}

/**
 * Viewing tells the server which pictures the page shows and how large, less
 * what the person does not want and what a hidden page cannot show.
 */
export class Viewing {
  readonly incoming: ReadonlySignal<Incoming>;
  /** Whose pictures the page shows. */
  readonly people: ReadonlySignal<ReadonlySet<string>>;
  /** Seats and stages we need. */
  room: Room;
  self = '';
  private readonly wanted = signal<Incoming>('all');
  private readonly inSight = signal<ReadonlySet<string>>(new Set());
  private tiles: Tile[] | null = null;
  private hidden = false;
  private told = '';
  private later: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: ViewingOptions) {
    this.room = options.room;
    [this.incoming, this.people] = [this.wanted, this.inSight];
  }

  /** show takes what the page shows, most important first. */
  show(tiles: Tile[]): void {
    this.tiles = tiles;
    this.inSight.value = new Set(tiles.map((t) => t.participant));
    this.tell();
  }

  /** take says which pictures the person wants, at once. */
  take(incoming: Incoming): void {
    this.wanted.value = incoming;
    this.now();
  }

  /** hide says that nobody sees the page, or at once that somebody does again. */
  hide(hidden: boolean): void {
    if (this.hidden === hidden) return;
    this.hidden = hidden;
    this.now();
  }

  /** again says it all once more: the server has forgotten. */
  again(): void {
    this.told = '';
    this.now();
  }

  stop(): void {
    clearTimeout(this.later);
  }

  private now(): void {
    clearTimeout(this.later);
    this.later = undefined;
    this.tell();
  }

  private tell(): void {
    const tiles = this.tiles && clean(this.tiles, this.self, MaxTiles);
    if (!tiles || !this.options.allowed() || this.later !== undefined) return;
    const shown = lessened(tiles, this.wanted.peek(), this.hidden);
    const text = JSON.stringify(shown);
    if (text !== this.told && this.options.send(shown)) {
      this.told = text;
      this.later = setTimeout(() => this.now(), gap);
    }
    this.room = roomFor(tiles, this.room);
    this.options.grow(this.room);
  }
}
