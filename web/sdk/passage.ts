import { signal } from '@preact/signals-core';
import type { Announcer } from './announcer';
import { deferred, type Deferred } from './deferred';
import type { LocalMedia } from './devices';
import { MeetingError } from './errors';
import type { MediaSide } from './media';
import type { Ended, Failure } from './model';
import type { Stage } from './phase';
import type { Reason, Resumed, Role, ServerMessage, Welcome } from './protocol';
import type { State } from './state';
import type { Wire } from './wire';
import type { Writer } from './writer';

/** How long a leave may take to be heard before the connection is closed anyway, in milliseconds. */
const farewell = 1_000;
/** How long a resumed session is given to repeat what we missed before we ask again, in milliseconds. */
const settle = 500;
/** Before a join the server could not take is tried again, in milliseconds. */
const retry = 1_000;

/** What the way into a room and out of it needs of the meeting. */
export interface Surroundings {
  readonly wire: Wire;
  readonly media: MediaSide;
  readonly state: State;
  readonly local: LocalMedia;
  readonly announcer: Announcer;
  readonly writer: Writer;
}

/** How far into the room we are: at the door, in, on our way back in after a loss, or gone. */
export class Passage {
  readonly stage = signal<Stage>('outside');
  readonly up = signal(false);
  /** We were in, the server forgot us, and we are on our way back in. */
  readonly returning = signal(false);
  readonly trouble = signal<Failure | null>(null);
  readonly over = signal<Ended | null>(null);
  readonly who = signal<{ id: string; name: string; role: Role } | null>(null);
  /** The name that the token fixes; '' when the person chooses. */
  readonly named = signal('');
  /** What we join as. */
  name = '';
  /** The server's. */
  version = '';

  private joinedAt = 0;
  /** We want to be in the room: after a loss we go back in by ourselves. */
  private entering: Deferred | null = null;
  private inside = false;
  /** The server lets us set up media before we join. */
  private prepared = false;

  constructor(private readonly around: Surroundings) {}

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

  /** Leaves for good; `over` follows at once. */
  leave(): void {
    if (this.stage.peek() === 'ended') return;
    const { wire } = this.around;
    void wire.request('leave', undefined).catch(() => undefined).finally(() => wire.stop());
    setTimeout(() => wire.stop(), farewell);
    this.finish('left');
  }

  /** Leaves without waiting to be heard. */
  close(): void {
    this.around.wire.send('leave', undefined);
    this.around.wire.stop();
    this.finish('left');
  }

  /** A session begins: the first, or a new one because the old could not be had back. */
  welcome(welcome: Welcome): void {
    const { participant: id, role, name = '', prepare, iceServers } = welcome;
    const { media, state } = this.around;
    this.who.value = { id, name: name || this.name, role };
    this.named.value = name;
    this.prepared = prepare;
    media.configure(iceServers ?? []);
    this.version = welcome.version;
    state.enter(id, welcome.preview, welcome.about);
    this.connected(true);
    if (media.connection) media.rebuild(id);
    else if (prepare) media.prepare(id);
    this.goOn();
  }

  resumed(resumed: Resumed): void {
    const { participant: id, media: stands, fresh } = resumed;
    const { media, state } = this.around;
    if (resumed.iceServers) media.configure(resumed.iceServers);
    const who = this.who.peek();
    if (who) this.who.value = { ...who, id };
    state.enter(id);
    this.connected(fresh);
    if (stands) media.signalled();
    else if (media.connection) media.rebuild(id);
    if (fresh) return this.goOn();
    if (this.inside) this.catchUp();
    else if (this.stage.peek() === 'joining') setTimeout(() => this.stage.peek() === 'joining' && this.enter(), settle);
  }

  lost(): void {
    this.up.value = false;
    this.around.announcer.forget();
  }

  refused(error: MeetingError): void {
    this.trouble.value = error.failure;
    this.entering?.reject(error);
    this.entering = null;
    if (this.inside) return this.finish('lost');
    this.stage.value = 'outside';
    this.up.value = false;
  }

  /** Hears what the server says of our own way in, after the rest of the meeting has. */
  heard(message: ServerMessage): void {
    switch (message.type) {
      case 'joined':
        return this.nowIn(message.data.participant);
      case 'waiting':
        this.around.media.admit(false);
        if (!this.inside) this.stage.value = 'waiting';
        return;
      case 'closed':
        // A server that stops may come back; the wire keeps asking.
        if (message.data.reason !== 'shutdown') this.closed(message.data.reason);
        return;
      default:
    }
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
    this.around.media.joined();
    this.around.writer.again();
  }

  private enter(): void {
    const { media, wire, announcer } = this.around;
    if (!this.inside) this.stage.value = 'joining';
    // Nothing of ours is passed on before we are in; on the line already, it is there the moment we are.
    if (this.prepared) media.admit(true);
    wire.request('join', { name: this.name, media: announcer.now() }).catch((error: MeetingError) => this.notIn(error));
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

  private nowIn(id: string): void {
    const who = this.who.peek();
    const me = this.around.state.participants.peek().find((p) => p.id === id);
    this.who.value = { id, name: me?.name ?? this.name, role: me?.role ?? who?.role ?? 'guest' };
    this.inside = true;
    this.returning.value = false;
    this.joinedAt ||= Date.now();
    this.stage.value = 'joined';
    this.around.media.prepare(id);
    this.catchUp();
    this.entering?.resolve();
  }

  private closed(reason: Reason): void {
    this.around.wire.stop();
    this.entering?.reject(new MeetingError(reason === 'denied' ? 'forbidden' : 'not-admitted', `the session was closed: ${reason}`));
    this.finish(reason);
  }

  private finish(reason: Reason): void {
    if (this.stage.peek() === 'ended') return;
    this.over.value = { reason, duration: this.joinedAt ? Date.now() - this.joinedAt : 0 };
    this.stage.value = 'ended';
    this.inside = false;
    this.entering = null;
    this.around.media.close();
    this.around.state.leave();
    this.around.local.stopScreen();
  }
}
