import { signal, type ReadonlySignal } from '@preact/signals-core';
import type { Line } from './model';
import type { ChatDeleted, ChatEdited, ChatLine, ChatReacted, ServerMessage } from './protocol';

/** How many lines of chat a page keeps. */
const kept = 1_000;

/** What goes with a text beside it. */
export interface Address {
  /** The participant who alone is to read it. */
  readonly to?: string;
  readonly toName?: string;
  /** The line it answers. */
  readonly reply?: Line;
}

/** ChatLog is the chat as we were told of it, and what of ours is on its way. */
export class ChatLog {
  private readonly list = signal<Line[]>([]);
  readonly lines: ReadonlySignal<Line[]> = this.list;

  /** apply folds one message in; messages about other things change nothing. */
  apply(message: ServerMessage, self: string): void {
    switch (message.type) {
      case 'chat':
        return this.take([message.data], self);
      case 'chat-history':
        return this.take(message.data.lines, self);
      case 'chat-edited':
        return this.edited(message.data);
      case 'chat-deleted':
        return this.deleted(message.data);
      case 'chat-reacted':
        return this.reacted(message.data);
      default:
    }
  }

  /** take puts lines in that the server told, new ones or as they are now. */
  take(told: readonly ChatLine[], self: string): void {
    if (told.length === 0) return;
    const lines = new Map(this.list.peek().map((line) => [line.id, line]));
    for (const { nonce, ...line } of told) {
      const mine = line.participant === self || lines.get(line.id)?.mine === true || (nonce !== undefined && lines.has(nonce));
      if (nonce) lines.delete(nonce);
      lines.set(line.id, { ...line, mine, state: 'sent' });
    }
    this.keep([...lines.values()]);
  }

  /** echo shows our own line before the server has it. */
  echo(nonce: string, text: string, by: { id: string; name: string }, { to, toName, reply }: Address = {}): void {
    const quote = reply && { line: reply.id, participant: reply.participant, name: reply.name, text: reply.text || (reply.file?.name ?? '') };
    this.keep([...this.list.peek(), {
      id: nonce, participant: by.id, name: by.name, text, at: Date.now(), mine: true, state: 'sending',
      ...(to ? { to, toName: toName ?? '' } : {}), ...(quote ? { quote } : {}),
    }]);
  }

  /** failed marks a line of ours that the server refused. */
  failed(nonce: string): void {
    this.change(nonce, (line) => (line.state === 'sending' ? { ...line, state: 'failed' } : line));
  }

  /** retry has a line the server refused sent once more. */
  retry(nonce: string): void {
    this.change(nonce, (line) => (line.state === 'failed' ? { ...line, state: 'sending' } : line));
  }

  /** unsent are our lines the server has not confirmed. */
  unsent(): Line[] {
    return this.list.peek().filter((line) => line.state === 'sending');
  }

  private edited({ line, text, at }: ChatEdited): void {
    this.change(line, (known) => ({ ...known, text, edited: at }));
  }

  private deleted({ line }: ChatDeleted): void {
    this.list.value = this.list.peek().map((known) => {
      if (known.id === line) {
        const { id, participant, name, at, mine, state, to, toName } = known;
        return { id, participant, name, at, mine, state, text: '', deleted: true, ...(to ? { to, toName: toName ?? '' } : {}) };
      }
      return known.quote?.line === line ? { ...known, quote: { ...known.quote, text: '' } } : known;
    });
  }

  private reacted({ line, emoji, participant, name, gone }: ChatReacted): void {
    this.change(line, (known) => {
      const others = (known.reactions ?? []).filter((mark) => mark.emoji !== emoji || mark.participant !== participant);
      return { ...known, reactions: gone ? others : [...others, { emoji, participant, name }] };
    });
  }

  private change(id: string, change: (line: Line) => Line): void {
    this.list.value = this.list.peek().map((line) => (line.id === id ? change(line) : line));
  }

  /** What was sent stands in the server's order; what is on its way comes last. */
  private keep(lines: Line[]): void {
    const late = (line: Line): number => (line.state === 'sent' ? 0 : 1);
    this.list.value = lines.sort((a, b) => late(a) - late(b) || a.at - b.at).slice(-kept);
  }
}
