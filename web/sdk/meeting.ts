import { computed, type ReadonlySignal } from '@preact/signals-core';
import { Announcer } from './announcer';
import { AudioOnly } from './audio-only';
import type { Connection } from './connection';
import type { Address } from './chat';
import { LocalMedia } from './devices';
import { MeetingError } from './errors';
import { Insight } from './insight';
import { Links, type Way } from './links';
import { MediaSide } from './media';
import type { Ended, Failure, Incoming, Line, LinkBars, Participant, Phase, Picture, PictureSource, Self, Speaking, Step, WeakLink } from './model';
import { ownURL, watchNetwork, watchPage, watchSight } from './network';
import type { MeetingOptions } from './options';
import { Orders } from './orders';
import { onIOS } from './outgoing';
import { Passage, type Surroundings } from './passage';
import { phaseOf, stepOf } from './phase';
import { Pictures } from './pictures';
import type { ClientType, Knock, Preview, Room, ServerMessage, ServerType, Tile } from './protocol';
import { State, type Told } from './state';
import type { MeetingStats, Scene } from './stats';
import { Timings } from './timings';
import { Wire, type Data, type Link as Signalling, type Listener } from './wire';
import { Writer } from './writer';

/** How we say who we are, for the server's logs, and for what is known of iOS. */
const client = `web${onIOS() ? '-ios' : ''}/0.1`;

/** One session in one room. */
export class Meeting {
  readonly phase: ReadonlySignal<Phase>;
  readonly step: ReadonlySignal<Step>;
  readonly failure: ReadonlySignal<Failure | null>;
  readonly ended: ReadonlySignal<Ended | null>;
  readonly self: ReadonlySignal<Self | null>;
  /** The token fixes the name; '' when the person chooses. */
  readonly fixedName: ReadonlySignal<string>;
  readonly preview: ReadonlySignal<Preview>;
  /** Everybody in the room, ourselves included, in the order they came. */
  readonly participants: ReadonlySignal<Participant[]>;
  /** The room, and what we may do in it. */
  readonly about: ReadonlySignal<Room>;
  readonly speakers: ReadonlySignal<Speaking>;
  readonly chat: ReadonlySignal<Line[]>;
  readonly knocks: ReadonlySignal<Knock[]>;
  /** When the first person joined, milliseconds since 1970 UTC; 0 before we are in. */
  readonly started: ReadonlySignal<number>;
  /** The connection of media, for data channels beside it; another one after a loss that nothing mends. */
  readonly transport: ReadonlySignal<Pick<Connection, 'channel'> | null>;
  /** One stream per audible line, each to be played by one hidden audio element. */
  readonly audible: ReadonlySignal<MediaStream[]>;
  /** The signalling connection, for "trying again in 3 s". */
  readonly signalling: ReadonlySignal<Signalling>;
  /** How good people's connections are, by participant, our own included. */
  readonly quality: ReadonlySignal<Record<string, LinkBars>>;
  /** The one thing about connections worth saying now. */
  readonly link: ReadonlySignal<WeakLink>;
  /** Which pictures we take in; sound always comes. */
  readonly incoming: ReadonlySignal<Incoming>;
  /** No pictures come in and our camera is off, since setAudioOnly. */
  readonly audioOnly: ReadonlySignal<boolean>;
  readonly local: LocalMedia;

  private readonly wire: Wire;
  private readonly media: MediaSide;
  private readonly state = new State();
  private readonly links: Links;
  private readonly byEar: AudioOnly;
  private readonly insight = new Insight(() => this.scene());
  private readonly passage: Passage;
  private readonly pictures: Pictures;
  /** The others are told whenever what we send changes. */
  private readonly announcer: Announcer;
  private readonly writer: Writer;
  private readonly orders: Orders;
  private readonly ends: (() => void)[] = [];
  private readonly timings = new Timings();
  private readonly hearers = new Set<(message: ServerMessage) => void>();
  private opened = false;

  constructor(readonly options: MeetingOptions) {
    this.local = options.local ?? new LocalMedia();
    const { token, password } = options;
    this.wire = new Wire({
      url: options.url ?? ownURL(),
      hello: () => ({ room: options.room, client, ...(token ? { token } : {}), ...(password ? { password } : {}), ...(this.passage.name ? { name: this.passage.name } : {}) }),
      listener: this.listener(),
      ...(options.socket ? { socket: options.socket } : {}),
    });
    this.media = new MediaSide({
      wire: this.wire,
      local: this.local,
      seats: options.seats,
      peer: options.peer,
      failed: (error) => (this.passage.trouble.value = error?.failure ?? null),
    });
    this.writer = new Writer(this.state, this.wire);
    this.announcer = new Announcer(this.media.sending, this.wire);
    this.passage = new Passage(this.surroundings());
    const { stage, up, returning } = this.passage;
    const { viewing, seating, state: media } = this.media;
    this.phase = computed(() => phaseOf({ stage: stage.value, up: up.value, returning: returning.value, media: media.value }));
    this.step = computed(() => stepOf({ up: up.value, media: media.value }));
    this.self = computed(() => this.selfNow());
    [this.failure, this.ended, this.fixedName, this.signalling] = [this.passage.trouble, this.passage.over, this.passage.named, this.wire.link];
    ({ participants: this.participants, speakers: this.speakers, chat: this.chat } = this.state);
    ({ knocks: this.knocks, preview: this.preview, started: this.started, about: this.about } = this.state);
    [this.audible, this.transport] = [seating.audible, this.media.way];
    this.pictures = new Pictures(this.passage.who, seating, this.local);
    this.byEar = new AudioOnly(viewing, this.local);
    [this.incoming, this.audioOnly] = [viewing.incoming, this.byEar.on];
    this.orders = new Orders(this.local, () => void this.media.connection?.offer());
    this.links = new Links(computed(() => this.way()));
    [this.quality, this.link] = [this.links.quality, this.links.weakest];
  }

  /** Connects to the server and prepares media; call it as soon as the page is there. */
  open(): void {
    if (this.opened) return;
    this.opened = true;
    if (typeof RTCPeerConnection === 'undefined' && !this.options.peer) {
      this.passage.trouble.value = new MeetingError('unsupported', 'this browser has no WebRTC').failure;
      return;
    }
    const { stage, up, returning } = this.passage;
    this.ends.push(
      watchNetwork(() => (this.wire.nudge(), this.media.network())),
      watchPage(() => this.close()),
      watchSight((hidden) => this.media.viewing.hide(hidden)),
      this.announcer.watch(() => stage.value === 'joined' && !returning.value && up.value),
      this.timings.watch(this.phase, this.step),
    );
    this.wire.start();
  }

  /** Enters the room; resolves when in, rejects with a MeetingError when refused. */
  join(name: string): Promise<void> {
    return this.passage.join(name);
  }

  /** Leaves for good; `ended` follows at once. */
  leave(): void {
    this.passage.leave();
  }

  /** Leaves and lets go of everything; devices given in the options stay open. */
  close(): void {
    this.passage.close();
    for (const end of this.ends.splice(0)) end();
    if (!this.options.local) this.local.close();
  }

  /** Somebody's picture; our own too, by our own id. Same signal for the same arguments. */
  stream(participant: string, source: PictureSource): ReadonlySignal<Picture> {
    return this.pictures.of(participant, source);
  }

  onReaction(hear: (participant: string, emoji: string) => void): () => void {
    return this.state.onReaction(hear);
  }

  /** The newest message of a type that says all there is to say of something: what open polls there are, say. */
  topic<T extends ServerType>(type: T): ReadonlySignal<Told<T> | null> {
    return this.state.topic(type);
  }

  /** Hears every message of the server after the state has taken it in; returns what ends it. */
  onMessage(hear: (message: ServerMessage) => void): () => void {
    this.hearers.add(hear);
    return () => this.hearers.delete(hear);
  }

  /** Sends any command of docs/protocol.md; rejects with the MeetingError that says why it was not done. */
  command<T extends ClientType>(type: T, data: Data<T>): Promise<ServerMessage> {
    return this.wire.request(type, data);
  }

  say(text: string, address?: Address): void {
    this.writer.say(text, address);
  }

  /** Sends a line once more that the server refused. */
  sayAgain(id: string): void {
    this.writer.retry(id);
  }

  // A command has its effect in the state, or none: its promise rejects with the
  // MeetingError that says why. That is no failure of the meeting.

  hand(raised: boolean): Promise<unknown> {
    return this.wire.request('hand', { raised });
  }

  react(emoji: string): void {
    this.wire.send('react', { emoji });
  }

  admit(participant: string): Promise<unknown> {
    return this.wire.request('admit', { participant });
  }

  deny(participant: string): Promise<unknown> {
    return this.wire.request('deny', { participant });
  }

  async rename(name: string): Promise<void> {
    await this.wire.request('rename', { name });
    this.passage.name = name;
  }

  /** Says what the page shows, most important first; our own tiles may be among them. */
  show(tiles: Tile[]): void {
    this.media.viewing.show(tiles);
  }

  /** Turns incoming pictures off or on; 'screens' leaves shared screens. */
  setIncoming(incoming: Incoming): void {
    this.media.viewing.take(incoming);
  }

  /** Only sound, both ways; switched back, incoming pictures and camera are as they were. */
  setAudioOnly(on: boolean): void {
    this.byEar.set(on);
  }

  /** A snapshot of what is sent and received, for support reports and tests. */
  stats(): Promise<MeetingStats> {
    return this.insight.stats();
  }

  /** The same as text for a support ticket, without names, tokens or addresses. */
  report(): Promise<string> {
    return this.insight.report();
  }

  private listener(): Listener {
    return {
      welcome: (welcome) => this.passage.welcome(welcome),
      resumed: (resumed) => this.passage.resumed(resumed),
      message: (message) => this.heard(message),
      lost: () => this.passage.lost(),
      trouble: (error) => (this.passage.trouble.value = error.failure),
      refused: (error) => this.passage.refused(error),
    };
  }

  private surroundings(): Surroundings {
    const { wire, media, state, local, announcer, writer } = this;
    return { wire, media, state, local, announcer, writer };
  }

  private heard(message: ServerMessage): void {
    this.state.apply(message);
    this.links.apply(message);
    this.media.apply(message);
    this.orders.apply(message, this.passage.who.peek()?.id ?? '');
    for (const hear of this.hearers) hear(message);
    this.passage.heard(message);
  }

  private selfNow(): Self | null {
    const who = this.passage.who.value;
    const me = this.participants.value.find((p) => p.self);
    return who && { id: who.id, name: me?.name ?? who.name, role: me?.role ?? who.role };
  }

  private way(): Way {
    const { who, stage, up: signalled, returning } = this.passage;
    const up = signalled.value && !returning.value;
    const [self, inside] = [who.value?.id ?? '', stage.value === 'joined'];
    return { self, inside, up, media: this.media.state.value, visible: this.media.viewing.people.value };
  }

  private scene(): Scene {
    const { connection, seating, exchanges, iceRestarts, rebuilds } = this.media;
    return {
      ...{ version: this.passage.version, client, link: this.link.peek(), room: this.options.room, phase: this.phase.peek() },
      ...{ self: this.passage.who.peek()?.id ?? null, people: this.participants.peek(), seats: seating.seats },
      ...{ connection, sdpExchanges: exchanges, timings: this.timings.marks, quality: this.quality.peek() },
      recoveries: { iceRestarts, rebuilds, reconnects: Math.max(0, this.wire.greetings - 1) },
    };
  }
}
