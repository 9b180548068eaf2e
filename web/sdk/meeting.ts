import { computed, signal, type ReadonlySignal } from '@preact/signals-core';
import { Announcer } from './announcer';
import { AudioOnly } from './audio-only';
import type { Connection } from './connection';
import type { Address } from './chat';
import { deferred, type Deferred } from './deferred';
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
import { phaseOf, stepOf, type Stage } from './phase';
import { Pictures } from './pictures';
import type { ClientType, Knock, Preview, Reason, Resumed, Role, Room, ServerMessage, ServerType, Tile, Welcome } from './protocol';
import { State, type Told } from './state';
import type { MeetingStats, Scene } from './stats';
import { Timings } from './timings';
import { Wire, type Data, type Link as Signalling, type Listener } from './wire';
import { Writer } from './writer';

/** How we say who we are, for the server's logs, and for what is known of iOS. */
const client = `web${onIOS() ? '-ios' : ''}/0.1`;
/** How long a leave may take to be heard before the connection is closed anyway, in milliseconds. */
const farewell = 1_000;
/** How long a resumed session is given to repeat what we missed before we ask again, in milliseconds. */
const settle = 500;
/** Before a join the server could not take is tried again, in milliseconds. */
const retry = 1_000;

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
  private readonly stage = signal<Stage>('outside');
  private readonly up = signal(false);
  /** We were in, the server forgot us, and we are on our way back in. */
  private readonly returning = signal(false);
  private readonly trouble = signal<Failure | null>(null);
  private readonly over = signal<Ended | null>(null);
  private readonly who = signal<{ id: string; name: string; role: Role } | null>(null);
  private readonly named = signal('');
  private readonly pictures: Pictures;
  /** The others are told whenever what we send changes. */
  private readonly announcer: Announcer;
  private readonly writer: Writer;
  private readonly orders: Orders;
  private readonly ends: (() => void)[] = [];
  private readonly timings = new Timings();
  private readonly hearers = new Set<(message: ServerMessage) => void>();
  private opened = false;
  private joinedAt = 0;
  private name = '';
  /** We want to be in the room: after a loss we go back in by ourselves. */
  private entering: Deferred | null = null;
  private inside = false;
  /** The server lets us set up media before we join. */
  private prepared = false;
  private version = '';

  constructor(readonly options: MeetingOptions) {
    this.local = options.local ?? new LocalMedia();
    const { token, password } = options;
    this.wire = new Wire({
      url: options.url ?? ownURL(),
      hello: () => ({ room: options.room, client, ...(token ? { token } : {}), ...(password ? { password } : {}), ...(this.name ? { name: this.name } : {}) }),
      listener: this.listener(),
      ...(options.socket ? { socket: options.socket } : {}),
    });
    this.media = new MediaSide({
      wire: this.wire,
      local: this.local,
      seats: options.seats,
      peer: options.peer,
      failed: (error) => (this.trouble.value = error?.failure ?? null),
    });
    const { stage, up, returning } = this;
    const { viewing, seating, state: media } = this.media;
    this.phase = computed(() => phaseOf({ stage: stage.value, up: up.value, returning: returning.value, media: media.value }));
    this.step = computed(() => stepOf({ up: up.value, media: media.value }));
    this.self = computed(() => this.selfNow());
    [this.failure, this.ended, this.fixedName, this.signalling] = [this.trouble, this.over, this.named, this.wire.link];
    ({ participants: this.participants, speakers: this.speakers, chat: this.chat } = this.state);
    ({ knocks: this.knocks, preview: this.preview, started: this.started, about: this.about } = this.state);
    [this.audible, this.transport] = [seating.audible, this.media.way];
    this.pictures = new Pictures(this.who, seating, this.local);
    this.byEar = new AudioOnly(viewing, this.local);
    [this.incoming, this.audioOnly] = [viewing.incoming, this.byEar.on];
    this.orders = new Orders(this.local, () => void this.media.connection?.offer());
    this.writer = new Writer(this.state, this.wire);
    this.announcer = new Announcer(this.media.sending, this.wire);
    this.links = new Links(computed(() => this.way()));
    [this.quality, this.link] = [this.links.quality, this.links.weakest];
  }

  /** Connects to the server and prepares media; call it as soon as the page is there. */
  open(): void {
    if (this.opened) return;
    this.opened = true;
    if (typeof RTCPeerConnection === 'undefined' && !this.options.peer) {
      this.trouble.value = new MeetingError('unsupported', 'this browser has no WebRTC').failure;
      return;
    }
    this.ends.push(
      watchNetwork(() => (this.wire.nudge(), this.media.network())),
      watchPage(() => this.close()),
      watchSight((hidden) => this.media.viewing.hide(hidden)),
      this.announcer.watch(() => this.stage.value === 'joined' && !this.returning.value && this.up.value),
      this.timings.watch(this.phase, this.step),
    );
    this.wire.start();
  }

  /** Enters the room; resolves when in, rejects with a MeetingError when refused. */
  join(name: string): Promise<void> {
    if (this.inside) return Promise.resolve();
    this.name = name;
    this.entering ??= deferred();
    this.trouble.value = null;
    this.stage.value = 'joining';
    if (this.up.peek()) this.enter();
    return this.entering.promise;
  }

  /** Leaves for good; `ended` follows at once. */
  leave(): void {
    if (this.stage.peek() === 'ended') return;
    void this.wire.request('leave', undefined).catch(() => undefined).finally(() => this.wire.stop());
    setTimeout(() => this.wire.stop(), farewell);
    this.finish('left');
  }

  /** Leaves and lets go of everything; devices given in the options stay open. */
  close(): void {
    this.wire.send('leave', undefined);
    this.wire.stop();
    this.finish('left');
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
    this.name = name;
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
      welcome: (welcome) => this.welcome(welcome),
      resumed: (resumed) => this.resumed(resumed),
      message: (message) => this.heard(message),
      lost: () => this.lost(),
      trouble: (error) => (this.trouble.value = error.failure),
      refused: (error) => this.refused(error),
    };
  }

  /** A session begins: the first, or a new one because the old could not be had back. */
  private welcome(welcome: Welcome): void {
    const { participant: id, role, name = '', prepare, iceServers } = welcome;
    this.who.value = { id, name: name || this.name, role };
    this.named.value = name;
    this.prepared = prepare;
    this.media.configure(iceServers ?? []);
    this.version = welcome.version;
    this.state.enter(id, welcome.preview, welcome.about);
    this.connected(true);
    if (this.media.connection) this.media.rebuild(id);
    else if (prepare) this.media.prepare(id);
    this.goOn();
  }

  private resumed(resumed: Resumed): void {
    const { participant: id, media, fresh } = resumed;
    if (resumed.iceServers) this.media.configure(resumed.iceServers);
    const who = this.who.peek();
    if (who) this.who.value = { ...who, id };
    this.state.enter(id);
    this.connected(fresh);
    if (media) this.media.signalled();
    else if (this.media.connection) this.media.rebuild(id);
    if (fresh) return this.goOn();
    if (this.inside) this.catchUp();
    else if (this.stage.peek() === 'joining') setTimeout(() => this.stage.peek() === 'joining' && this.enter(), settle);
  }

  private lost(): void {
    this.up.value = false;
    this.announcer.forget();
  }

  private connected(anew: boolean): void {
    this.returning.value = anew && this.inside;
    this.up.value = true;
    if (this.trouble.peek()?.code !== 'media-blocked') this.trouble.value = null;
  }

  /** At the start of a session: stand at the door, or go (back) in. */
  private goOn(): void {
    if (this.entering) this.enter();
    else this.stage.value = 'door';
  }

  /** What the server may have missed while we were away. */
  private catchUp(): void {
    this.media.joined();
    this.writer.again();
  }

  private enter(): void {
    if (!this.inside) this.stage.value = 'joining';
    // Nothing of ours is passed on before we are in; on the line already, it is there the moment we are.
    if (this.prepared) this.media.admit(true);
    this.wire.request('join', { name: this.name, media: this.announcer.now() }).catch((error: MeetingError) => this.notIn(error));
  }

  /** Join failed: when the connection went, the next one tries; else we are told why. */
  private notIn(error: MeetingError): void {
    if (error.code === 'unreachable') return;
    this.trouble.value = error.failure;
    if (error.retryable) {
      setTimeout(() => this.entering && this.up.peek() && this.enter(), error.retryAfter ?? retry);
      return;
    }
    const { entering, inside } = this;
    this.entering = null;
    if (inside) return this.finish('lost');
    this.stage.value = 'door';
    entering?.reject(error);
  }

  private heard(message: ServerMessage): void {
    this.state.apply(message);
    this.links.apply(message);
    this.media.apply(message);
    this.orders.apply(message, this.who.peek()?.id ?? '');
    for (const hear of this.hearers) hear(message);
    switch (message.type) {
      case 'joined':
        return this.nowIn(message.data.participant);
      case 'waiting':
        this.media.admit(false);
        if (!this.inside) this.stage.value = 'waiting';
        return;
      case 'closed':
        // A server that stops may come back; the wire keeps asking.
        if (message.data.reason !== 'shutdown') this.closed(message.data.reason);
        return;
      default:
    }
  }

  private nowIn(id: string): void {
    const who = this.who.peek();
    const me = this.participants.peek().find((p) => p.id === id);
    this.who.value = { id, name: me?.name ?? this.name, role: me?.role ?? who?.role ?? 'guest' };
    this.inside = true;
    this.returning.value = false;
    this.joinedAt ||= Date.now();
    this.stage.value = 'joined';
    this.media.prepare(id);
    this.catchUp();
    this.entering?.resolve();
  }

  private refused(error: MeetingError): void {
    this.trouble.value = error.failure;
    this.entering?.reject(error);
    this.entering = null;
    if (this.inside) return this.finish('lost');
    this.stage.value = 'outside';
    this.up.value = false;
  }

  private closed(reason: Reason): void {
    this.wire.stop();
    this.entering?.reject(new MeetingError(reason === 'denied' ? 'forbidden' : 'not-admitted', `the session was closed: ${reason}`));
    this.finish(reason);
  }

  private finish(reason: Reason): void {
    if (this.stage.peek() === 'ended') return;
    this.over.value = { reason, duration: this.joinedAt ? Date.now() - this.joinedAt : 0 };
    this.stage.value = 'ended';
    this.inside = false;
    this.entering = null;
    this.media.close();
    this.state.leave();
    this.local.stopScreen();
  }

  private selfNow(): Self | null {
    const who = this.who.value;
    const me = this.participants.value.find((p) => p.self);
    return who && { id: who.id, name: me?.name ?? who.name, role: me?.role ?? who.role };
  }
  private way(): Way {
    const up = this.up.value && !this.returning.value;
    const [self, inside] = [this.who.value?.id ?? '', this.stage.value === 'joined'];
    return { self, inside, up, media: this.media.state.value, visible: this.media.viewing.people.value };
  }

  private scene(): Scene {
    const { connection, seating, exchanges, iceRestarts, rebuilds } = this.media;
    return {
      ...{ version: this.version, client, link: this.link.peek(), room: this.options.room, phase: this.phase.peek() },
      ...{ self: this.who.peek()?.id ?? null, people: this.participants.peek(), seats: seating.seats },
      ...{ connection, sdpExchanges: exchanges, timings: this.timings.marks, quality: this.quality.peek() },
      recoveries: { iceRestarts, rebuilds, reconnects: Math.max(0, this.wire.greetings - 1) },
    };
  }
}
