import { vi } from 'vitest';
import type { ClientMessage, Room, ServerMessage } from '../protocol';

/** A track without a device behind it. */
export class FakeTrack extends EventTarget {
  static made = 0;
  readonly id = `track-${++FakeTrack.made}`;
  readyState: 'live' | 'ended' = 'live';
  muted = false;
  enabled = true;
  contentHint = '';
  settings: MediaTrackSettings = {};
  /** What was asked of the track once it was open, newest last. */
  readonly asked: MediaTrackConstraints[] = [];
  onended: (() => void) | null = null;
  constructor(
    readonly kind: 'audio' | 'video',
    readonly deviceId = '',
  ) {
    super();
  }
  stop(): void {
    this.readyState = 'ended';
  }
  /** The device is gone. */
  unplug(): void {
    this.readyState = 'ended';
    this.onended?.();
  }
  unmute(): void {
    this.muted = false;
    this.dispatchEvent(new Event('unmute'));
  }
  getSettings(): MediaTrackSettings {
    return { deviceId: this.deviceId, ...this.settings };
  }
  async applyConstraints(constraints: MediaTrackConstraints): Promise<void> {
    this.asked.push(constraints);
  }
}

export class FakeStream {
  constructor(readonly tracks: FakeTrack[] = []) {}
  getTracks = (): FakeTrack[] => this.tracks;
  getAudioTracks = (): FakeTrack[] => this.tracks.filter((t) => t.kind === 'audio');
  getVideoTracks = (): FakeTrack[] => this.tracks.filter((t) => t.kind === 'video');
}

export class FakeSender {
  track: FakeTrack | null = null;
  degradation: string | undefined;
  /** How often parameters were set. */
  changes = 0;
  /** What the browser has counted. */
  rows: object[] = [];
  /** Whether the browser takes these parameters. */
  takes: (encodings: RTCRtpEncodingParameters[]) => boolean = () => true;
  constructor(public encodings: RTCRtpEncodingParameters[]) {}
  async replaceTrack(track: FakeTrack | null): Promise<void> {
    this.track = track;
  }
  getParameters(): RTCRtpSendParameters {
    return { encodings: this.encodings.map((e) => ({ ...e })) } as RTCRtpSendParameters;
  }
  async getStats(): Promise<object[]> {
    return this.rows;
  }
  async setParameters(parameters: RTCRtpSendParameters): Promise<void> {
    if (!this.takes(parameters.encodings)) throw new DOMException('no', 'OperationError');
    this.changes++;
    this.encodings = parameters.encodings;
    this.degradation = (parameters as { degradationPreference?: string }).degradationPreference ?? this.degradation;
  }
}

export class FakeTransceiver {
  /** What the browser was told to prefer. */
  codecs: string[] = [];
  mid: string | null = null;
  readonly sender: FakeSender;
  readonly receiver: { track: FakeTrack };
  constructor(
    kind: 'audio' | 'video',
    readonly init: RTCRtpTransceiverInit,
  ) {
    this.sender = new FakeSender(init.sendEncodings ?? []);
    const track = new FakeTrack(kind);
    track.muted = true;
    this.receiver = { track };
  }
  setCodecPreferences(codecs: RTCRtpCodec[]): void {
    this.codecs = codecs.map((c) => c.mimeType);
  }
}

/** A PeerConnection without a network: tests move its states. */
export class FakePeer {
  static all: FakePeer[] = [];
  connectionState = 'new';
  iceConnectionState = 'new';
  localDescription: { sdp: string } | null = null;
  onconnectionstatechange: (() => void) | null = null;
  lines: FakeTransceiver[] = [];
  offers: { iceRestart: boolean }[] = [];
  answers: string[] = [];
  rows: object[] = [];
  constructor(public configuration: RTCConfiguration) {
    FakePeer.all.push(this);
  }
  static get last(): FakePeer {
    return FakePeer.all[FakePeer.all.length - 1]!;
  }
  addTransceiver(kind: 'audio' | 'video', init: RTCRtpTransceiverInit): FakeTransceiver {
    const line = new FakeTransceiver(kind, init);
    this.lines.push(line);
    return line;
  }
  async createOffer({ iceRestart = false }: RTCOfferOptions = {}): Promise<{ type: 'offer'; sdp: string }> {
    this.offers.push({ iceRestart });
    return { type: 'offer', sdp: `offer ${this.offers.length}` };
  }
  async setLocalDescription(description: { sdp: string }): Promise<void> {
    this.localDescription = description;
    this.lines.forEach((line, i) => (line.mid ??= String(i)));
  }
  async setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    this.answers.push(sdp);
  }
  async getStats(): Promise<object[]> {
    return this.rows;
  }
  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }
  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
  }
  become(state: string, ice = state): void {
    this.connectionState = state;
    this.iceConnectionState = ice;
    this.onconnectionstatechange?.();
  }
  close(): void {
    this.connectionState = 'closed';
  }
}

/** A WebSocket without a network: tests open it, feed it and read what was sent. */
export class FakeSocket {
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: ClientMessage[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: ((e: { code: number }) => void) | null = null;
  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    FakeSocket.all.push(this);
  }
  static get last(): FakeSocket {
    return FakeSocket.all[FakeSocket.all.length - 1]!;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  feed(message: unknown): void {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }
  cut(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as ClientMessage);
  }
  close(): void {
    this.closed = true;
    this.readyState = 3;
  }
  /** What was sent of one type. */
  of<T extends ClientMessage['type']>(type: T): Extract<ClientMessage, { type: T }>[] {
    return this.sent.filter((m): m is Extract<ClientMessage, { type: T }> => m.type === type);
  }
  /** Answers the last message of a type. */
  reply(to: ClientMessage['type'], message: Partial<ServerMessage> & { type: ServerMessage['type']; data?: unknown }): void {
    const asked = this.sent.filter((m) => m.type === to).at(-1);
    this.feed({ ...message, re: asked?.id });
  }
}

/** Puts the fakes where the browser's own would be. */
export function stubBrowser(): void {
  FakePeer.all = [];
  FakeSocket.all = [];
  vi.stubGlobal('MediaStream', FakeStream);
  const codecs = (kind: string): { mimeType: string; clockRate: number }[] =>
    (kind === 'audio' ? ['audio/opus', 'audio/red', 'audio/PCMU'] : ['video/VP8', 'video/rtx']).map((mimeType) => ({ mimeType, clockRate: 48000 }));
  const capabilities = { getCapabilities: (kind: string) => ({ codecs: codecs(kind) }) };
  vi.stubGlobal('RTCRtpSender', capabilities);
  vi.stubGlobal('RTCRtpReceiver', capabilities);
}

export function fakePeer(configuration: RTCConfiguration): RTCPeerConnection {
  return new FakePeer(configuration) as unknown as RTCPeerConnection;
}

export function fakeSocket(url: string, protocol: string): WebSocket {
  return new FakeSocket(url, protocol) as unknown as WebSocket;
}

/** Lets every promise that can settle do so. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** A room as a guest finds it. */
export function guestRoom(more: Partial<Room> = {}): Room {
  return {
    kind: 'temporary', role: 'guest', may: ['publish', 'share', 'chat', 'signal'],
    lobby: false, locked: false, password: false, muteOnEntry: false, audioOnly: false, ...more,
  };
}
