/** What one person chose to see in one call. Nothing of it is on the server. */
import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { Participant } from '../../sdk';
import type { BreakoutNotice } from '../../sdk/protocol';
import { memory } from '../memory';
import type { Session } from '../session';
import { emptyOrder, type Order } from './order';

export type PanelName = 'chat' | 'people' | 'statistics' | 'polls' | 'breakouts';
export type View = 'grid' | 'speaker';
export type Menu = 'react' | 'more' | 'leave';
export type DialogName = 'settings' | 'keys' | 'invite' | 'room';

export interface Toast { readonly id: number; readonly text: string; readonly action?: { label: string; run: () => void } }

export class CallState {
  readonly panel = signal<PanelName | null>(null);
  readonly menu = signal<Menu | null>(null);
  readonly dialog = signal<DialogName | null>(null);
  readonly view = signal<View>(memory.get('view') === 'speaker' ? 'speaker' : 'grid');
  /** Tile key of what this person pinned. */
  readonly pinned = signal<string | null>(null);
  readonly page = signal(0);
  readonly order = signal<Order>(emptyOrder);
  /** How many people the page in sight holds. */
  readonly pageSize = signal(1);
  readonly toasts = signal<readonly Toast[]>([]);
  /** Lines of the chat seen so far. */
  readonly seen = signal(0);
  /** Who alone reads what is written next; null is everyone. */
  readonly whisper = signal<{ readonly id: string; readonly name: string } | null>(null);
  readonly soundBlocked = signal(false);
  readonly talking = signal(false);
  /** Who is in the same room as we: all, but for those in other breakout rooms. */
  readonly near: ReadonlySignal<Participant[]>;
  /** When the breakout rooms close, on the clock of `performance.now()`; null while nobody has said. */
  readonly closes = signal<number | null>(null);
  /** What a host told all breakout rooms, until it is put away. */
  readonly broadcast = signal<BreakoutNotice | null>(null);
  readonly unread: ReadonlySignal<number>;
  readonly hands: ReadonlySignal<string[]>;

  private tickets = 0;

  constructor(readonly meeting: Session) {
    this.seen.value = meeting.chat.peek().length;
    this.near = computed(() => {
      const all = meeting.participants.value;
      const own = all.find((person) => person.self)?.group ?? '';
      return all.every((person) => (person.group ?? '') === own) ? all : all.filter((person) => (person.group ?? '') === own);
    });
    this.unread = computed(() => meeting.chat.value.slice(this.seen.value).filter((line) => !line.mine).length);
    this.hands = computed(() =>
      meeting.participants.value
        .filter((person) => person.hand)
        .sort((a, b) => (a.hand ?? 0) - (b.hand ?? 0))
        .map((person) => person.id),
    );
  }

  /** A number no other notice has. */
  ticket(): number {
    this.tickets += 1;
    return this.tickets;
  }

  togglePanel(name: PanelName): void {
    this.panel.value = this.panel.value === name ? null : name;
    this.menu.value = null;
  }

  toggleMenu(name: Menu): void {
    this.menu.value = this.menu.value === name ? null : name;
  }

  openDialog(name: DialogName): void {
    this.menu.value = null;
    this.dialog.value = name;
  }

  toggleView(): void {
    this.view.value = this.view.value === 'grid' ? 'speaker' : 'grid';
    this.pinned.value = null;
    this.page.value = 0;
    memory.set('view', this.view.value);
  }

  togglePin(key: string): void {
    this.pinned.value = this.pinned.value === key ? null : key;
    this.page.value = 0;
  }
}
