import { computed, effect, signal, type ReadonlySignal } from '@preact/signals-core';
import { backoff } from './backoff';
import { Connection, type ConnectionState } from './connection';
import type { LocalMedia } from './devices';
import { screen } from './encodings';
import { MeetingError } from './errors';
import { seatSteps, stageSteps } from './layout';
import type { Media, ServerMessage, Source } from './protocol';
import type { ScreenContent } from './screen';
import { Seating } from './seats';
import { Viewing } from './viewing';
import type { Wire } from './wire';

export interface MediaOptions {
  wire: Pick<Wire, 'request' | 'send' | 'open'>;
  local: LocalMedia;
  /** Seats of the first offer. */
  seats?: number;
  failed: (error: MeetingError | null) => void;
  /** For tests. */
  peer?: (configuration: RTCConfiguration) => RTCPeerConnection;
}

/**
 * MediaSide keeps the media of one session going: it makes the connection,
 * makes it anew when it is beyond mending, puts our tracks on it when we may
 * be heard, and has as many seats as the page shows.
 */
export class MediaSide {
  readonly seating = new Seating();
  readonly viewing: Viewing;
  readonly state: ReadonlySignal<ConnectionState | 'none'>;
  /** What we send now, for the others to know. */
  readonly sending: ReadonlySignal<Media>;
  connection: Connection | null = null;
  exchanges = 0;
  rebuilds = 0;
  private pastRestarts = 0;
  private readonly current = signal<ConnectionState | 'none'>('none');
  private readonly live = signal<Connection | null>(null);
  /** The connection there is now. */
  readonly way: ReadonlySignal<Connection | null> = this.live;
  private readonly admitted = signal(false);
  private iceServers: RTCIceServer[] = [];
  private attempt = 0;
  /** Media was connected before: what comes after is an interruption. */
  private stood = false;
  private again: ReturnType<typeof setTimeout> | undefined;
  private readonly unbind: () => void;

  constructor(private readonly options: MediaOptions) {
    this.state = this.current;
    this.sending = computed(() => sent(options.local));
    this.viewing = new Viewing({
      room: { seats: options.seats ?? seatSteps[0] ?? 4, stages: stageSteps[0] ?? 1 },
      allowed: () => this.admitted.peek(),
      send: (tiles) => options.wire.send('layout', { mode: 'tiles', tiles }),
      grow: (room) => this.connection?.grow(room),
    });
    this.unbind = this.bind();
  }

  get iceRestarts(): number {
    return this.pastRestarts + (this.connection?.iceRestarts ?? 0);
  }

  /** prepare makes the connection, unless there is one. */
  prepare(self: string): void {
    this.viewing.self = self;
    if (!this.connection) this.make();
  }

  /** rebuild throws the connection away and makes another. */
  rebuild(self = this.viewing.self): void {
    this.viewing.self = self;
    if (this.connection) this.rebuilds++;
    this.drop();
    this.make();
  }

  /** admit lets our tracks onto the line: we are going in. */
  admit(yes: boolean): void {
    this.admitted.value = yes;
  }

  /** joined says it all again that the server must know of a participant. */
  joined(): void {
    this.admit(true);
    this.viewing.again();
  }

  /** signalled tells that signalling is back and the server kept our connection. */
  signalled(): void {
    if (this.again === undefined) this.connection?.signalled();
  }

  /** network tells that our address may have changed. */
  network(): void {
    if (this.current.peek() !== 'none') this.connection?.restartICE(true);
  }

  /** configure takes relays, or fresh credentials for them. */
  configure(iceServers: RTCIceServer[]): void {
    this.iceServers = iceServers;
    this.connection?.configure(iceServers);
  }

  apply(message: ServerMessage): void {
    switch (message.type) {
      case 'seats':
        return this.seating.seat(message.data.seats ?? []);
      case 'layers':
        return this.connection?.out[message.data.source].want(message.data.rids ?? [], message.data.wishes ?? []);
      // Before its first answer the server cannot mean this connection: the
      // word is an old one, repeated after a resume.
      case 'ice-restart':
        return this.connection?.answered ? this.connection.restartICE() : undefined;
      case 'media-lost':
        return this.connection?.answered ? this.rebuild() : undefined;
      default:
    }
  }

  close(): void {
    this.viewing.stop();
    this.unbind();
    this.drop();
    this.seating.clear();
  }

  private make(): void {
    clearTimeout(this.again);
    this.again = undefined;
    const mine = (): boolean => this.connection === connection;
    const connection = new Connection({
      iceServers: this.iceServers,
      room: this.viewing.room,
      peer: this.options.peer,
      reachable: () => this.options.wire.open,
      negotiate: async (offer) => {
        const reply = await this.options.wire.request('offer', offer);
        if (reply.type !== 'answer') throw new MeetingError('internal', `offer was answered by "${reply.type}"`);
        this.exchanges++;
        return reply.data.sdp;
      },
      changed: (state) => mine() && this.changed(state),
      stuck: (error) => mine() && this.stuck(error),
    });
    this.connection = connection;
    this.current.value = this.stood ? 'interrupted' : 'securing';
    this.seating.attach(connection.lines);
    this.live.value = connection;
    void connection.offer();
  }

  private drop(): void {
    clearTimeout(this.again);
    this.again = undefined;
    if (!this.connection) return;
    this.pastRestarts += this.connection.iceRestarts;
    this.connection.close();
    this.connection = null;
    this.live.value = null;
    this.current.value = 'none';
  }

  private changed(state: ConnectionState): void {
    this.current.value = state;
    if (state !== 'connected') return;
    this.attempt = 0;
    this.stood = true;
    this.options.failed(null);
  }

  /** A connection beyond mending is made anew, with growing waits. */
  private stuck(error: MeetingError): void {
    this.options.failed(new MeetingError('media-blocked', error.message)); // whatever it was, we go on trying
    this.current.value = 'interrupted';
    if (this.again !== undefined) return;
    this.again = setTimeout(() => this.rebuild(), backoff(++this.attempt, Math.random()));
  }

  /** Our tracks follow our devices, as long as we are let in. */
  private bind(): () => void {
    const { local } = this.options;
    const when = (on: boolean, track: MediaStreamTrack | null): MediaStreamTrack | null => (on && this.admitted.value ? track : null);
    const follow = (source: Source, track: () => MediaStreamTrack | null): (() => void) => {
      const wanted = computed(track);
      return effect(() => this.live.value?.out[source].send(wanted.value));
    };
    const ends = [
      effect(() => this.live.value?.tune(local.music.value)),
      effect(() => this.live.value?.out.screen.treat(screen[local.screenMode.value.now])),
      this.watch(),
      follow('microphone', () => when(local.microphone.value.on, local.microphone.value.track)),
      follow('camera', () => when(local.camera.value.on, local.camera.value.track)),
      follow('screen', () => when(local.screen.value.on, local.screen.value.track)),
      follow('screenAudio', () => when(local.screen.value.on, local.screen.value.audio)),
    ];
    return () => ends.forEach((end) => end());
  }

  /** Who sends a screen sees what it shows and what the line takes of it. What does that is loaded when somebody shares. */
  private watch(): () => void {
    const { local } = this.options;
    const sharing = computed(() => (this.admitted.value ? local.screen.value.track : null));
    return effect(() => {
      const track = sharing.value;
      const out = this.live.value?.out.screen;
      if (!track || !out) return;
      let end: (() => void) | null = (): void => undefined;
      const guessed = (content: ScreenContent): void => local.guessScreen(content);
      const likely = local.screen.peek().audio !== null && track.getSettings().displaySurface === 'browser';
      const line = (bits: number): void => out.narrow(bits);
      const watch = { sender: out.sender, content: local.screenMode.peek().now, likely, guessed, line };
      // Without it a share is what it was taken for first.
      void import('./watch').then(({ watchScreen }) => end && (end = watchScreen(watch)), () => undefined);
      return () => {
        end?.();
        end = null;
        out.narrow(null);
      };
    });
  }
}

function sent(local: LocalMedia): Media {
  const { on, track, audio } = local.screen.value;
  const flows = (d: { on: boolean; track: MediaStreamTrack | null }): boolean => d.on && d.track !== null;
  return {
    microphone: flows(local.microphone.value),
    camera: flows(local.camera.value),
    screen: on && track !== null,
    screenAudio: on && audio !== null,
    ...(on && track !== null && local.screenMode.value.now === 'motion' ? { motion: true } : {}),
  };
}
