import { signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import { ChatLog, type Address } from './chat';
import type { Line, Participant, Speaking } from './model';
import type { Joined, Knock, Left, Participant as WireParticipant, Preview, Room, ServerMessage, ServerType } from './protocol';

/** What a guest may do in a room nobody has said anything about: what is drawn until the server has spoken. */
const unknown: Room = {
  kind: 'temporary', role: 'guest', may: ['publish', 'share', 'chat', 'signal'],
  lobby: false, locked: false, password: false, muteOnEntry: false, audioOnly: false,
};

/** The data of one type of message. */
export type Told<T extends ServerType> = Extract<ServerMessage, { type: T }> extends { data: infer D } ? D : undefined;

/** Messages that each say all there is to say of something: {@link State.topic} keeps the newest. */
const whole: ReadonlySet<ServerType> = new Set<ServerType>(['breakouts', 'drawings', 'polls']);

type Hear = (participant: string, emoji: string) => void;

/** State is what is known of the room: the server's messages, folded into signals. */
export class State {
  private readonly people = signal<Participant[]>([]);
  private readonly voice = signal<Speaking>({ speaking: [] });
  private readonly log = new ChatLog();
  private readonly knocking = signal<Knock[]>([]);
  private readonly glimpse = signal<Preview>({ count: 0, names: [] });
  private readonly since = signal(0);
  private readonly room = signal<Room>(unknown);
  private readonly topics = new Map<ServerType, Signal<unknown>>();
  private readonly hearers = new Set<Hear>();
  private self = '';

  readonly participants: ReadonlySignal<Participant[]> = this.people;
  readonly speakers: ReadonlySignal<Speaking> = this.voice;
  readonly chat: ReadonlySignal<Line[]> = this.log.lines;
  readonly knocks: ReadonlySignal<Knock[]> = this.knocking;
  readonly preview: ReadonlySignal<Preview> = this.glimpse;
  readonly started: ReadonlySignal<number> = this.since;

  readonly about: ReadonlySignal<Room> = this.room;

  /** enter takes the preview, the room and our identity in a session. */
  enter(self: string, preview?: Preview, about?: Room): void {
    this.self = self;
    if (about) this.room.value = about;
    if (preview) this.glimpse.value = preview;
  }

  onReaction(hear: Hear): () => void {
    this.hearers.add(hear);
    return () => this.hearers.delete(hear);
  }

  /**
   * The newest message of a type that says all there is to say of something,
   * for the parts of the page that come later; null before the first.
   */
  topic<T extends ServerType>(type: T): ReadonlySignal<Told<T> | null> {
    const known = this.topics.get(type) ?? signal<unknown>(null);
    this.topics.set(type, known);
    return known as ReadonlySignal<Told<T> | null>;
  }

  /** apply folds one message in; messages about other things change nothing. */
  apply(message: ServerMessage): void {
    if (message.type === 'joined') for (const topic of this.topics.values()) topic.value = null;
    if (whole.has(message.type)) (this.topic(message.type) as Signal<unknown>).value = 'data' in message ? message.data : null;
    switch (message.type) {
      case 'room':
        this.room.value = message.data;
        return;
      case 'joined':
        return this.joined(message.data);
      case 'preview':
        this.glimpse.value = message.data;
        return;
      case 'participant':
        return this.came(message.data);
      case 'changed':
        return (message.data.participants ?? []).forEach((person) => this.came(person));
      case 'left':
        return this.left(message.data);
      case 'knock':
        return this.knocked(message.data);
      case 'speakers':
        this.voice.value = message.data;
        return;
      case 'reaction':
        for (const hear of this.hearers) hear(message.data.participant, message.data.emoji);
        return;
      default:
        this.log.apply(message, this.self);
    }
  }

  /** echo shows our own line before the server has it. */
  echo(nonce: string, text: string, address?: Address): void {
    const name = this.people.peek().find((p) => p.self)?.name ?? '';
    this.log.echo(nonce, text, { id: this.self, name }, address);
  }

  /** failed marks a line of ours that the server refused. */
  failed(nonce: string): void {
    this.log.failed(nonce);
  }

  /** retry has a line the server refused sent once more. */
  retry(nonce: string): void {
    this.log.retry(nonce);
  }

  /** unsent are our lines the server has not confirmed. */
  unsent(): Line[] {
    return this.log.unsent();
  }

  /** leave forgets who is in; the chat stays readable. */
  leave(): void {
    this.people.value = [];
    this.voice.value = { speaking: [] };
    this.knocking.value = [];
  }

  private joined(room: Joined): void {
    this.self = room.participant;
    this.people.value = (room.participants ?? []).map((p) => this.own(p));
    this.voice.value = { speaking: [] };
    this.knocking.value = [];
    this.since.value = room.started;
    if (room.about) this.room.value = room.about;
    // The server gives the newest lines; we may have older ones.
    this.log.take(room.chat ?? [], this.self);
  }

  private came(person: WireParticipant): void {
    const people = this.people.peek();
    const known = people.some((p) => p.id === person.id);
    const now = this.own(person);
    this.people.value = known ? people.map((p) => (p.id === person.id ? now : p)) : [...people, now];
    this.knocked({ participant: person.id, name: person.name, gone: true });
  }

  private left({ participant }: Left): void {
    this.people.value = this.people.peek().filter((p) => p.id !== participant);
    const { speaking, dominant } = this.voice.peek();
    if (!speaking.includes(participant) && dominant !== participant) return;
    const rest = speaking.filter((id) => id !== participant);
    this.voice.value = dominant && dominant !== participant ? { speaking: rest, dominant } : { speaking: rest };
  }

  private knocked(knock: Knock): void {
    const others = this.knocking.peek().filter((k) => k.participant !== knock.participant);
    const known = others.length < this.knocking.peek().length;
    if (knock.gone && !known) return;
    if (known && !knock.gone) this.knocking.value = this.knocking.peek().map((k) => (k.participant === knock.participant ? knock : k));
    else this.knocking.value = knock.gone ? others : [...others, knock];
  }

  private own(person: WireParticipant): Participant {
    return { ...person, self: person.id === this.self };
  }
}
