/** A meeting with no server behind it, to show and test every state of the page. */
import { signal, type Signal } from '@preact/signals';
import type { Devices, DeviceState, Ended, Failure, Knock, Line, MeetingStats, Participant, Phase, Picture, PictureSource, Preview, Room, Self, ServerMessage, ServerType, Speaking, Step, Tile } from '../../sdk';
import type { ScreenState } from '../../sdk';
import type { Local, Session } from '../session';

const device = (on: boolean): DeviceState => ({ on, pending: false, track: null, error: null, deviceId: null });

/** Devices that only remember what was asked of them. */
export class FakeLocal {
  readonly microphone = signal<DeviceState>(device(true));
  readonly camera = signal<DeviceState>(device(true));
  readonly screen = signal<ScreenState>({ on: false, track: null, audio: null, error: null });
  readonly level = signal(0);
  readonly devices = signal<Devices>({ microphones: [], cameras: [], speakers: [] });
  readonly speakerId = signal('');
  readonly preview = signal<MediaStream | null>(null);
  readonly screenPreview = signal<MediaStream | null>(null);
  readonly options = {};
  readonly screenMode = signal<Local['screenMode']['value']>({ chosen: 'auto', now: 'text' });
  readonly music = signal(false);
  canShareScreen = true;
  canChooseSpeaker = true;

  async start(): Promise<void> {}
  async setMicrophone(on: boolean, _remember = true): Promise<void> { this.microphone.value = { ...this.microphone.value, on }; }
  async setCamera(on: boolean, _remember = true): Promise<void> { this.camera.value = { ...this.camera.value, on }; }
  async chooseMicrophone(deviceId: string): Promise<void> { this.microphone.value = { ...this.microphone.value, deviceId }; }
  async chooseCamera(deviceId: string): Promise<void> { this.camera.value = { ...this.camera.value, deviceId }; }
  chooseSpeaker(id: string): void { this.speakerId.value = id; }
  async shareScreen(): Promise<'shared' | 'cancelled' | 'denied'> {
    this.screen.value = { ...this.screen.value, on: true };
    return 'shared';
  }
  stopScreen(): void { this.screen.value = { ...this.screen.value, on: false }; }
  setScreenMode(chosen: Local['screenMode']['value']['chosen']): void { this.screenMode.value = { chosen, now: chosen === 'auto' ? 'text' : chosen }; }
  setMusic(on: boolean): void { this.music.value = on; }
  async testTone(): Promise<void> {}
  stop(): void {}
}

export function person(id: string, name: string, more: Partial<Participant> = {}): Participant {
  return {
    id, name, role: 'member', self: false, joined: Number(id.replace(/\D/g, '')) || 0,
    ...more,
    media: { microphone: true, camera: true, screen: false, screenAudio: false, ...more.media },
  };
}

export function room(role: Room['role'], may: Room['may'], more: Partial<Room> = {}): Room {
  return { kind: 'temporary', role, may, lobby: false, locked: false, password: false, muteOnEntry: false, audioOnly: false, ...more };
}

/** A meeting whose state a test sets, and which writes down what it is told. */
export class FakeMeeting {
  readonly phase = signal<Phase>('door');
  readonly step = signal<Step>('ready');
  readonly failure = signal<Failure | null>(null);
  readonly ended = signal<Ended | null>(null);
  readonly self = signal<Self | null>({ id: 'p0', name: 'Ana', role: 'host' });
  readonly about = signal<Room>(room('host', ['publish', 'share', 'chat', 'whisper', 'attach', 'signal', 'vote', 'draw', 'pass', 'admit', 'invite', 'ask', 'deny', 'record', 'moderate', 'remove', 'break', 'inspect', 'lock', 'appoint', 'configure', 'export', 'end']));
  readonly fixedName = signal('');
  readonly preview = signal<Preview>({ count: 0, names: [] });
  readonly participants = signal<Participant[]>([]);
  readonly speakers = signal<Speaking>({ speaking: [] });
  readonly chat = signal<Line[]>([]);
  readonly knocks = signal<Knock[]>([]);
  readonly started = signal(0);
  readonly audible = signal<MediaStream[]>([]);
  readonly transport = signal<Session['transport']['value']>(null);
  readonly quality = signal<Session['quality']['value']>({});
  readonly link = signal<Session['link']['value']>({ whose: null, bars: 3 });
  readonly incoming = signal<Session['incoming']['value']>('all');
  readonly audioOnly = signal(false);
  readonly options: { room: string };
  readonly fake = new FakeLocal();
  readonly local = this.fake as unknown as Local;
  readonly shown: Tile[][] = [];
  readonly told: [string, ...unknown[]][] = [];
  private readonly pictures = new Map<string, Signal<Picture>>();
  private readonly ears = new Set<(participant: string, emoji: string) => void>();

  constructor(room = 'calm-olive-7xk2m9qd4t') {
    this.options = { room };
  }

  stream(id: string, source: PictureSource): Signal<Picture> {
    const key = `${id}:${source}`;
    const known = this.pictures.get(key) ?? signal<Picture>({ stream: null });
    this.pictures.set(key, known);
    return known;
  }
  onReaction(hear: (participant: string, emoji: string) => void): () => void {
    this.ears.add(hear);
    return () => this.ears.delete(hear);
  }
  private readonly topics = new Map<ServerType, Signal<unknown>>();
  private readonly hearers = new Set<(message: ServerMessage) => void>();
  topic(type: ServerType): Signal<unknown> {
    const known = this.topics.get(type) ?? signal<unknown>(null);
    this.topics.set(type, known);
    return known;
  }
  onMessage(hear: (message: ServerMessage) => void): () => void {
    this.hearers.add(hear);
    return () => this.hearers.delete(hear);
  }
  /** A message from the server that is not there. */
  hear(message: ServerMessage): void { this.hearers.forEach((hear) => hear(message)); }
  async command(type: string, data: unknown): Promise<unknown> {
    this.told.push([type, data]);
    if (this.refusal) throw this.refusal;
    return this.answers.get(type);
  }
  /** What commands are answered with, by their type. */
  readonly answers = new Map<string, unknown>();
  open(): void { this.told.push(['open']); }
  async join(name: string): Promise<void> { this.told.push(['join', name]); }
  leave(): void { this.told.push(['leave']); }
  close(): void { this.told.push(['close']); }
  say(text: string, address: object = {}): void { this.told.push(Object.keys(address).length > 0 ? ['say', text, address] : ['say', text]); }
  sayAgain(id: string): void { this.told.push(['sayAgain', id]); }
  async hand(raised: boolean): Promise<void> { this.told.push(['hand', raised]); }
  react(emoji: string): void {
    this.told.push(['react', emoji]);
    this.ears.forEach((hear) => hear('p0', emoji));
  }
  async admit(id: string): Promise<void> { this.told.push(['admit', id]); }
  async deny(id: string): Promise<void> { this.told.push(['deny', id]); }
  /** What the next rename fails with. */
  refusal: Error | null = null;
  async rename(name: string): Promise<void> {
    this.told.push(['rename', name]);
    if (this.refusal) throw this.refusal;
  }
  show(tiles: Tile[]): void { this.shown.push(tiles); }
  setIncoming(what: Session['incoming']['value']): void { this.incoming.value = what; }
  setAudioOnly(on: boolean): void {
    this.audioOnly.value = on;
    this.incoming.value = on ? 'none' : 'all';
    void this.fake.setCamera(!on);
  }
  /** What the next stats() gives. */
  snapshot: MeetingStats | null = null;
  async stats(): Promise<MeetingStats> {
    if (!this.snapshot) throw new Error('this fake was given no statistics');
    return this.snapshot;
  }
  async report(): Promise<string> { return 'Palabre report'; }

  /** The same object, seen as the page sees a meeting. */
  get session(): Session {
    return this as unknown as Session;
  }
}
