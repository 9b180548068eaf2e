import { computed, signal, type ReadonlySignal } from '@preact/signals-core';
import type { Bars, LinkBars, WeakLink } from './model';
import type { LinkQuality, ServerMessage } from './protocol';

/** What we know ourselves about our own way to the server. */
export interface Way {
  self: string;
  /** We are in the room; before that nothing about connections is worth a word. */
  inside: boolean;
  /** Signalling stands. */
  up: boolean;
  media: 'none' | 'securing' | 'connected' | 'interrupted';
  /** Whose pictures the page shows. */
  visible: ReadonlySet<string>;
}

type Quality = Readonly<Record<string, LinkBars>>;

/** From here down a connection is worth a word. */
const bad = 1;
const fine: WeakLink = { whose: null, bars: 3 };
const cut: LinkBars = { up: 0, down: 0 };

/** Links is how good everybody's connections are: the server's measurements, and what we know better ourselves. */
export class Links {
  readonly quality: ReadonlySignal<Record<string, LinkBars>>;
  readonly weakest: ReadonlySignal<WeakLink>;
  private readonly heard = signal<Quality>({});
  /** Of whom more than "nothing" was heard: only they can have lost something, of others nothing is known. */
  private readonly known = new Set<string>();

  constructor(way: ReadonlySignal<Way>) {
    this.quality = computed(() => {
      const { self, inside, up, media } = way.value;
      return self && inside && (!up || media === 'interrupted') ? { ...this.heard.value, [self]: cut } : this.heard.value;
    });
    const weakest = computed(() => this.worst(way.value, this.quality.value));
    // The same sentence is the same value: pages draw it once.
    let last = fine;
    this.weakest = computed(() => (last = same(last, weakest.value) ? last : weakest.value));
  }

  /** apply folds one message in; messages about other things change nothing. */
  apply(message: ServerMessage): void {
    switch (message.type) {
      case 'joined':
        this.known.clear();
        this.heard.value = {};
        return;
      case 'left': {
        const { [message.data.participant]: _gone, ...rest } = this.heard.peek();
        this.known.delete(message.data.participant);
        this.heard.value = rest;
        return;
      }
      case 'quality':
        return this.measured(message.data.people ?? []);
      default:
    }
  }

  private measured(people: LinkQuality[]): void {
    const fresh = people.map(({ participant, up, down }) => [participant, { up: bars(up), down: bars(down) }] as const);
    for (const [id, { up, down }] of fresh) if (up > 0 || down > 0) this.known.add(id);
    this.heard.value = { ...this.heard.peek(), ...Object.fromEntries(fresh.filter(([id]) => this.known.has(id))) };
  }

  /** Ours first, for that we can mend; then the worst of those in sight. */
  private worst({ self, inside, up, media, visible }: Way, quality: Quality): WeakLink {
    if (!inside) return fine;
    if (!up) return { whose: 'server', bars: 0 };
    if (media === 'interrupted') return { whose: 'mine', bars: 0 };
    const weak = (id: string): WeakLink => this.weak(id, quality[id], id === self);
    const mine = weak(self);
    if (mine.bars <= bad) return mine;
    const theirs = [...visible].filter((id) => id !== self).map(weak);
    return theirs.reduce((a, b) => (b.bars < a.bars ? b : a), fine);
  }

  private weak(participant: string, link: LinkBars | undefined, mine: boolean): WeakLink {
    const worse = link && this.known.has(participant) ? (Math.min(link.up, link.down) as Bars) : 3;
    if (!link || worse > bad) return fine;
    const side = link.up === link.down ? {} : { direction: link.up < link.down ? ('up' as const) : ('down' as const) };
    return { whose: mine ? 'mine' : 'theirs', ...(mine ? {} : { participant }), ...side, bars: worse };
  }
}

function bars(n: number): Bars {
  return Math.min(3, Math.max(0, Math.round(n))) as Bars;
}

function same(a: WeakLink, b: WeakLink): boolean {
  return a.whose === b.whose && a.participant === b.participant && a.direction === b.direction && a.bars === b.bars;
}
