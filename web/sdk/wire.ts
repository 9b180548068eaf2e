import { signal, type ReadonlySignal } from '@preact/signals-core';
import { backoff } from './backoff';
import { MeetingError } from './errors';
import {
  CloseTaken,
  Version,
  type ClientMessage,
  type ClientType,
  type Hello,
  type Resumed,
  type ServerMessage,
  type Welcome,
} from './protocol';

/** Time limits of the connection, in milliseconds. */
export const limits = {
  /** From opening the socket to the answer to hello. */
  hello: 8_000,
  /** From a request to its reply. */
  reply: 10_000,
  /** Between our pings. */
  ping: 5_000,
  /** Without any frame for this long the connection is dead. */
  silence: 12_000,
  /** For the answer to a ping when the network has changed under us. */
  probe: 3_000,
  /** A timer this late was held up: the page was hidden, or the machine asleep. */
  overslept: 2_000,
} as const;

/** What a page may show of the connection. */
export interface Link {
  state: 'idle' | 'connecting' | 'open' | 'waiting' | 'closed';
  /** Attempts since the connection was last good. */
  attempt: number;
  /** When the next attempt starts (Date.now()), while waiting. */
  retryAt: number;
}

/** Who hears what the wire brings. */
export interface Listener {
  /** A new session: whatever was before is gone. */
  welcome(welcome: Welcome): void;
  /** The old session, or after a restart of the server its place. */
  resumed(resumed: Resumed): void;
  message(message: ServerMessage): void;
  /** The connection is lost; the wire is already on the way back. */
  lost(): void;
  /** An attempt failed for a reason worth showing; the wire tries again. */
  trouble(error: MeetingError): void;
  /** The server refuses us for good. */
  refused(error: MeetingError): void;
}

export interface WireOptions {
  url: string;
  /** Asked before every hello, for the name and token may have changed. */
  hello: () => Omit<Hello, 'resume' | 'lastSeq'>;
  listener: Listener;
  /** For tests. */
  socket?: (url: string, protocol: string) => WebSocket;
  random?: () => number;
}

/** What a command of a type carries. */
export type Data<T extends ClientType> = Extract<ClientMessage, { type: T }>['data'];
type Pending = { resolve: (reply: ServerMessage) => void; reject: (error: MeetingError) => void; timer: Timer };
type Timer = ReturnType<typeof setTimeout>;

/**
 * Wire keeps one signalling session alive over as many WebSockets as it takes:
 * it says hello, resumes with the token and the last sequence number, notices
 * a dead connection, and comes back with growing, spread-out waits.
 */
export class Wire {
  readonly link: ReadonlySignal<Link>;
  private readonly state = signal<Link>({ state: 'idle', attempt: 0, retryAt: 0 });
  private readonly options: Required<WireOptions>;
  private socket: WebSocket | null = null;
  /** Hello was answered on this socket. */
  private greeted = false;
  private stopped = false;
  private resume = '';
  private lastSeq = 0;
  private nextID = 1;
  private attempt = 0;
  /** The server told us when to come back; not before. */
  private notBefore = 0;
  private readonly pending = new Map<number, Pending>();
  private readonly timers: { retry?: Timer; hello?: Timer; ping?: Timer; silence?: Timer } = {};

  constructor(options: WireOptions) {
    this.options = {
      socket: (url, protocol) => new WebSocket(url, protocol),
      random: Math.random,
      ...options,
    };
    this.link = this.state;
  }

  /** How often hello was answered, first time included. */
  greetings = 0;

  get open(): boolean {
    return this.greeted;
  }

  start(): void {
    if (this.state.peek().state === 'idle') this.connect();
  }

  /** Sends a message that needs no reply; false when there is no connection. */
  send<T extends ClientType>(type: T, data: Data<T>): boolean {
    if (!this.greeted) return false;
    this.write({ type, data } as ClientMessage);
    return true;
  }

  /**
   * Sends a message and waits for its reply. Rejects with the server's error,
   * or with 'unreachable' when the connection goes first: then it is unknown
   * whether the message arrived, and the caller does what its meaning allows.
   */
  request<T extends ClientType>(type: T, data: Data<T>): Promise<ServerMessage> {
    if (!this.greeted) return Promise.reject(unreachable(`no connection to send "${type}"`));
    const id = this.nextID++;
    return new Promise((resolve, reject) => {
      const late = (): void => this.settle(id)?.reject(unreachable(`no reply to "${type}" within ${limits.reply} ms`));
      this.pending.set(id, { resolve, reject, timer: setTimeout(late, limits.reply) });
      this.write({ type, id, data } as ClientMessage);
    });
  }

  /** The network may have changed: come back now, or make sure we are still there. */
  nudge(): void {
    const { state } = this.state.peek();
    if (state === 'waiting' && Date.now() >= this.notBefore) {
      this.connect();
    } else if (this.greeted) {
      this.write({ type: 'ping' });
      this.listenFor(limits.probe);
    }
  }

  /** Ends the session from our side; nothing is heard any more. */
  stop(): void {
    this.stopped = true;
    this.drop(unreachable('closed by us'));
    this.state.value = { state: 'closed', attempt: 0, retryAt: 0 };
  }

  private connect(): void {
    clearTimeout(this.timers.retry);
    this.state.value = { state: 'connecting', attempt: this.attempt, retryAt: 0 };
    const socket = this.options.socket(this.options.url, Version);
    this.socket = socket;
    this.timers.hello = setTimeout(() => this.lose(socket, 'no answer to hello'), limits.hello);
    socket.onopen = () => this.greet(socket);
    socket.onmessage = (event) => this.receive(socket, event.data);
    socket.onclose = (event) => this.ended(socket, event.code);
  }

  private ended(socket: WebSocket, code: number): void {
    if (socket !== this.socket) return;
    if (code !== CloseTaken) return this.lose(socket, `closed with code ${code}`);
    // The session goes on elsewhere: fighting over it would cut both.
    this.stop();
    this.options.listener.message({ type: 'closed', data: { reason: 'replaced' } });
  }

  private greet(socket: WebSocket): void {
    if (socket !== this.socket) return;
    const hello: Hello = { ...this.options.hello() };
    if (this.resume) Object.assign(hello, { resume: this.resume, lastSeq: this.lastSeq });
    this.write({ type: 'hello', data: hello });
  }

  private receive(socket: WebSocket, frame: unknown): void {
    if (socket !== this.socket || typeof frame !== 'string') return;
    const message = parse(frame);
    if (!message) return;
    if (!this.greeted) return this.answered(message);
    this.listenFor(limits.silence);
    if (message.type === 'pong') {
      this.attempt = 0; // it has held for a while: the next loss starts afresh
      return;
    }
    if (message.seq) {
      if (message.seq <= this.lastSeq) return;
      this.lastSeq = message.seq;
    }
    if (message.type === 'restarting') this.notBefore = Date.now() + message.data.after;
    if (message.type === 'joined') this.resume = message.data.resume;
    this.reply(message);
    this.options.listener.message(message);
  }

  /** The first frame on a socket answers our hello. */
  private answered(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.lastSeq = message.seq ?? 0;
        return this.ready(() => this.options.listener.welcome(message.data), message.data.resume);
      case 'resumed':
        if (message.data.fresh) this.lastSeq = message.seq ?? 0;
        return this.ready(() => this.options.listener.resumed(message.data), message.data.resume);
      case 'error':
        return this.rejected(MeetingError.from(message.data));
      case 'closed': // it ended while we were away
        this.options.listener.message(message);
        return;
      case 'restarting': // a server on its way down answers nobody
        this.notBefore = Date.now() + message.data.after;
        return this.lose(this.socket, 'the server restarts');
      default:
    }
  }

  private ready(tell: () => void, resume: string): void {
    clearTimeout(this.timers.hello);
    this.greeted = true;
    this.greetings++;
    this.resume = resume;
    this.notBefore = 0;
    this.state.value = { state: 'open', attempt: this.attempt, retryAt: 0 };
    this.timers.ping = setInterval(() => this.write({ type: 'ping' }), limits.ping);
    this.listenFor(limits.silence);
    tell();
  }

  private rejected(error: MeetingError): void {
    const socket = this.socket;
    if (error.code === 'resume-failed' && this.resume && socket) {
      // The session cannot be had back; on this connection we may ask for a new one.
      this.resume = '';
      this.lastSeq = 0;
      return this.greet(socket);
    }
    if (error.retryable) {
      this.notBefore = Date.now() + (error.retryAfter ?? 0);
      this.options.listener.trouble(error);
      return this.lose(socket, error.message);
    }
    this.stop();
    this.options.listener.refused(error);
  }

  private reply(message: ServerMessage): void {
    if (!message.re) return;
    const waiting = this.settle(message.re);
    if (message.type === 'error') waiting?.reject(MeetingError.from(message.data));
    else waiting?.resolve(message);
  }

  private settle(id: number): Pending | undefined {
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    if (waiting) clearTimeout(waiting.timer);
    return waiting;
  }

  /** Starts the clock after which silence means death. */
  private listenFor(ms: number): void {
    const socket = this.socket;
    const due = Date.now() + ms;
    const silent = (): void => {
      // A page that slept heard nothing because it did not listen: ask first.
      if (Date.now() - due > limits.overslept) return this.nudge();
      this.lose(socket, `silent for ${ms} ms`);
    };
    clearTimeout(this.timers.silence);
    this.timers.silence = setTimeout(silent, ms);
  }

  private lose(socket: WebSocket | null, why: string): void {
    if (socket !== this.socket || this.stopped) return;
    const was = this.greeted;
    this.drop(unreachable(`connection lost: ${why}`));
    const wait = Math.max(backoff(this.attempt, this.options.random()), this.notBefore - Date.now());
    this.attempt++;
    this.state.value = { state: 'waiting', attempt: this.attempt, retryAt: Date.now() + wait };
    this.timers.retry = setTimeout(() => this.connect(), wait);
    if (was) this.options.listener.lost();
    else if (this.attempt > 2) this.options.listener.trouble(unreachable(why));
  }

  /** Lets go of the socket and of everybody who waits for it. */
  private drop(error: MeetingError): void {
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    const socket = this.socket;
    this.socket = null;
    this.greeted = false;
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(error);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private write(message: ClientMessage): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message));
  }
}

function unreachable(message: string): MeetingError {
  return new MeetingError('unreachable', message);
}

/** A frame we cannot read is skipped: a newer server may say more than we know. */
function parse(frame: string): ServerMessage | null {
  try {
    const message: unknown = JSON.parse(frame);
    return typeof message === 'object' && message !== null && 'type' in message ? (message as ServerMessage) : null;
  } catch {
    return null;
  }
}
