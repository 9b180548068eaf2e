import { MeetingError } from './errors';
import type { Room } from './layout';
import { camera, screen, type Video } from './encodings';
import { build, extend, tuned, named, redundant, soundRate, type MediaLines } from './lines';
import { Outgoing } from './outgoing';
import type { Offer, Source } from './protocol';

/** How long the connection is given before something is done, in milliseconds. */
export const patience = {
  /**
   * Disconnected may mend itself: ICE keeps checking. Not for long, for a
   * restart costs one exchange and leaves the old way standing until the new one is there.
   */
  disconnected: 500,
  /** From an answer to connected; after that the way of media is blocked. */
  connect: 12_000,
  /** A restart is given this long before another one: both sides notice a loss. */
  restart: 3_000,
  /** Before an exchange that failed is tried again. */
  retry: 1_000,
} as const;

export type ConnectionState = 'securing' | 'connected' | 'interrupted';

export interface ConnectionOptions {
  iceServers: RTCIceServer[];
  room: Room;
  /** Carries an offer to the server and its answer back. */
  negotiate: (offer: Offer) => Promise<string>;
  /** Whether signalling is there just now. */
  reachable: () => boolean;
  changed: (state: ConnectionState) => void;
  /** This connection will not come (back); only a new one may. */
  stuck: (error: MeetingError) => void;
  /** For tests. */
  peer?: (configuration: RTCConfiguration) => RTCPeerConnection;
}

/**
 * Connection is one PeerConnection in both directions. Its lines are fixed but
 * for growth; it offers, never answers, one exchange at a time, and mends its
 * path by ICE restarts.
 */
export class Connection {
  readonly pc: RTCPeerConnection;
  readonly lines: MediaLines;
  /** What we send, by source. */
  readonly out: Record<Source, Outgoing>;
  iceRestarts = 0;
  /** The server knows this connection. */
  answered = false;
  private state: ConnectionState = 'securing';
  private closed = false;
  private wanted = false;
  private restart = false;
  /** Our address changed after the last restart began. */
  private moved = false;
  private restartedAt = 0;
  private running: Promise<void> | null = null;
  private health: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private mend: ReturnType<typeof setTimeout> | undefined;
  /** The microphone is sent as it is. */
  private music = false;
  private data: RTCDataChannel | null = null;

  constructor(private readonly options: ConnectionOptions) {
    const make = options.peer ?? ((c) => new RTCPeerConnection(c));
    this.pc = make({ iceServers: options.iceServers, bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' });
    this.lines = build(this.pc, options.room);
    const { send } = this.lines;
    const out = (source: Source, video?: Video): Outgoing => new Outgoing(send[source], video);
    this.out = { microphone: out('microphone'), camera: out('camera', camera), screen: out('screen', screen.text), screenAudio: out('screenAudio') };
    this.pc.onconnectionstatechange = () => this.watch();
  }

  get connected(): boolean {
    return this.state === 'connected';
  }

  get room(): Room {
    return { seats: this.lines.seats.length, stages: this.lines.stages.length };
  }

  /** offer starts an exchange, or marks that another one is needed after the running one. */
  offer(): Promise<void> {
    this.wanted = true;
    this.running ??= this.exchangeAll().finally(() => (this.running = null));
    return this.running;
  }

  /** grow adds seats and stages; nothing happens when they are there. */
  grow(room: Room): void {
    if (!this.closed && extend(this.pc, this.lines, room)) void this.offer();
  }

  /**
   * restartICE looks for a new way without losing what flows on the old one.
   * Too soon after another one it waits, and is left out when the way stands
   * by then, unless it is sure that we have moved.
   */
  restartICE(moved = false): void {
    if (this.closed) return;
    this.moved ||= moved;
    clearTimeout(this.mend);
    const wait = this.restartedAt + patience.restart - Date.now();
    if (wait > 0) {
      this.mend = setTimeout(() => (this.moved || !this.connected) && this.restartICE(), wait);
      return;
    }
    this.moved = false;
    if (this.restart) return; // on its way, as soon as signalling is there
    this.restart = true;
    this.restartedAt = Date.now();
    this.iceRestarts++;
    void this.offer();
  }

  /** configure takes relays, or fresh credentials for them; the next exchange uses them. */
  configure(iceServers: RTCIceServer[]): void {
    this.pc.setConfiguration({ ...this.pc.getConfiguration(), iceServers });
  }

  /** tune sends the microphone as music, or as a voice again: one exchange. */
  tune(music: boolean): void {
    if (this.closed || this.music === music) return;
    this.music = music;
    redundant(this.lines.send.microphone, !music);
    this.out.microphone.limit(music ? soundRate.music : soundRate.voice);
    if (this.answered || this.running) void this.offer();
  }

  /** channel gives the data channel of a name, reliable and in order; the first one costs an exchange. */
  channel(label: string): RTCDataChannel {
    const { data } = this;
    if (data && data.readyState !== 'closing' && data.readyState !== 'closed') return data;
    const made = this.pc.createDataChannel(label);
    made.binaryType = 'arraybuffer';
    this.data = made;
    if (!data && (this.answered || this.running)) void this.offer();
    return made;
  }

  /** signalled tells that signalling is back: what waited for it goes on. */
  signalled(): void {
    if (this.wanted) void this.offer();
    else if (this.state === 'interrupted') this.restartICE();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.health);
    clearTimeout(this.retry);
    clearTimeout(this.mend);
    for (const out of Object.values(this.out)) out.close();
    this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  private async exchangeAll(): Promise<void> {
    clearTimeout(this.retry);
    while (this.wanted && !this.closed) {
      this.wanted = false;
      try {
        await this.exchange();
      } catch (error) {
        if (this.closed) return;
        this.wanted = true;
        return this.failed(error);
      }
    }
  }

  private async exchange(): Promise<void> {
    const { restart, music } = this;
    const offer = await this.pc.createOffer({ iceRestart: restart });
    await this.pc.setLocalDescription({ type: 'offer', sdp: tuned(offer.sdp ?? '') });
    // The offer goes without waiting for candidates: the server learns our
    // addresses from our checks (RFC 8445 peer-reflexive candidates).
    const sdp = this.pc.localDescription?.sdp ?? '';
    const answer = await this.options.negotiate({ sdp, lines: named(this.lines, this.data ? sdp : undefined) });
    if (this.closed) return;
    await this.pc.setRemoteDescription({ type: 'answer', sdp: music ? await this.asMusic(answer) : answer });
    this.answered = true;
    if (restart) this.restart = false;
    if (restart || this.state !== 'connected') this.expect();
  }

  /** What few people need is loaded when they do. */
  private async asMusic(answer: string): Promise<string> {
    const { asMusic } = await import('./music');
    return asMusic(answer, this.lines.send.microphone.mid ?? '');
  }

  private failed(error: unknown): void {
    if (error instanceof MeetingError && error.retryable) {
      // Without signalling, signalled() goes on; with it, a moment later.
      this.retry = setTimeout(() => this.options.reachable() && void this.offer(), error.retryAfter ?? patience.retry);
      return;
    }
    this.give(error instanceof MeetingError ? error : new MeetingError('internal', `negotiating media: ${String(error)}`));
  }

  /** Connected must follow in time. */
  private expect(): void {
    clearTimeout(this.health);
    this.health = setTimeout(() => {
      if (this.pc.connectionState !== 'connected') this.give(blocked('no path for media within the time allowed'));
    }, patience.connect);
  }

  private watch(): void {
    switch (this.pc.connectionState) {
      case 'connected':
        clearTimeout(this.health);
        return this.become('connected');
      case 'disconnected':
        clearTimeout(this.health);
        this.health = setTimeout(() => this.restartICE(), patience.disconnected);
        return this.become('interrupted');
      case 'failed': {
        const ice = this.pc.iceConnectionState;
        this.become('interrupted');
        // With ICE standing it was DTLS that failed: no restart mends that.
        if (ice === 'connected' || ice === 'completed') return this.give(blocked('the secure channel failed'));
        return this.restartICE();
      }
      default:
    }
  }

  private become(state: ConnectionState): void {
    if (this.closed || this.state === state) return;
    this.state = state;
    this.options.changed(state);
  }

  private give(error: MeetingError): void {
    if (this.closed) return;
    clearTimeout(this.health);
    this.options.stuck(error);
  }
}

function blocked(message: string): MeetingError {
  return new MeetingError('media-blocked', message);
}
