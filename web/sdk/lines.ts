import { camera, rank, screen, type Video } from './encodings';
import { voices, type Room } from './layout';
import type { Lines, Pair, Source } from './protocol';

/** What we send, in the order of its lines in the offer. */
export type Senders = Record<Source, RTCRtpTransceiver>;

/** The two receiving lines of one seat or stage. */
export interface PairLines {
  audio: RTCRtpTransceiver;
  video: RTCRtpTransceiver;
}

/** All media lines of one PeerConnection, by meaning. */
export interface MediaLines {
  send: Senders;
  seats: PairLines[];
  stages: PairLines[];
  voices: RTCRtpTransceiver[];
}

/** Bits a second of a voice, of music as it is, and of a screen's sound. */
export const soundRate = { voice: 48_000, music: 192_000, screen: 128_000 } as const;

/** How many frames build on others: three rates to choose from. Some browsers know only two, some none. */
const modes = ['L1T3', 'L1T2', undefined] as const;

/** build adds every line of a first offer, in the order the server expects. */
export function build(pc: RTCPeerConnection, room: Room): MediaLines {
  const person = new MediaStream();
  const share = new MediaStream();
  const send: Senders = {
    microphone: sound(pc, person, soundRate.voice, ['audio/red', 'audio/opus']),
    camera: video(pc, person, camera),
    screen: video(pc, share, screen.text),
    screenAudio: sound(pc, share, soundRate.screen, ['audio/opus']),
  };
  const lines: MediaLines = { send, seats: [], stages: [], voices: [] };
  extend(pc, lines, room);
  while (lines.voices.length < voices) lines.voices.push(heard(pc));
  return lines;
}

/** extend adds seats and stages up to room; true when there was something to add. */
export function extend(pc: RTCPeerConnection, lines: MediaLines, room: Room): boolean {
  const before = lines.seats.length + lines.stages.length;
  while (lines.seats.length < room.seats) lines.seats.push(pair(pc));
  while (lines.stages.length < room.stages) lines.stages.push(pair(pc));
  return lines.seats.length + lines.stages.length > before;
}

/** named says which mid carries what; call it once the offer is set. data is the offer, when it has a data channel. */
export function named(lines: MediaLines, data?: string): Lines {
  const mid = (t: RTCRtpTransceiver): string => t.mid ?? '';
  const both = (p: PairLines): Pair => ({ audio: mid(p.audio), video: mid(p.video) });
  return {
    microphone: mid(lines.send.microphone),
    camera: mid(lines.send.camera),
    screen: mid(lines.send.screen),
    screenAudio: mid(lines.send.screenAudio),
    seats: lines.seats.map(both),
    stages: lines.stages.map(both),
    voices: lines.voices.map(mid),
    ...(data ? { data: dataMid(data) } : {}),
  };
}

/** The section of data channels has no transceiver that knows its mid. */
function dataMid(offer: string): string {
  const section = offer.split(/^(?=m=)/m).find((part) => part.startsWith('m=application ')) ?? '';
  return /^a=mid:(\S+)/m.exec(section)?.[1] ?? '';
}

/**
 * tuned asks for two channels of Opus (RFC 7587 section 6.1), which Chromium
 * mixes into one unless its own description says so, and for lost packets of a
 * voice to be sent again, which it does not ask for by itself.
 */
export function tuned(sdp: string): string {
  return sdp
    .replace(/^(a=fmtp:\d+ (?=.*useinbandfec=1)(?!.*stereo=).*)$/gm, '$1;stereo=1')
    .replace(/^a=rtpmap:(\d+) (?:opus|red)\/48000.*$(?![^]*^a=rtcp-fb:\1 nack$)/gm, '$&\r\na=rtcp-fb:$1 nack');
}

/** redundant says whether a voice's words are sent twice (RED, RFC 2198), where the browser can; music is too much for that. */
export function redundant(line: RTCRtpTransceiver, yes: boolean): void {
  prefer(line, 'sender', yes ? ['audio/red', 'audio/opus'] : ['audio/opus', 'audio/red']);
}

function video(pc: RTCPeerConnection, stream: MediaStream, how: Video): RTCRtpTransceiver {
  const line = withLayers(pc, stream, how);
  describe(line);
  prefer(line, 'sender', ['video/vp8']);
  return line;
}

function sound(pc: RTCPeerConnection, stream: MediaStream, maxBitrate: number, mimes: readonly string[]): RTCRtpTransceiver {
  const sendEncodings: RTCRtpEncodingParameters[] = [{ maxBitrate, ...rank('high', 0) }];
  const line = pc.addTransceiver('audio', { direction: 'sendonly', streams: [stream], sendEncodings });
  prefer(line, 'sender', mimes);
  return line;
}

function heard(pc: RTCPeerConnection): RTCRtpTransceiver {
  const line = pc.addTransceiver('audio', { direction: 'recvonly' });
  prefer(line, 'receiver', ['audio/opus', 'audio/red']);
  return line;
}

/**
 * withLayers asks for all layers with temporal layers in each, and for less
 * where the browser refuses: scalabilityMode makes Chromium send the
 * Dependency Descriptor, by which the server drops what a viewer cannot take.
 */
function withLayers(pc: RTCPeerConnection, stream: MediaStream, { layers, priority }: Video): RTCRtpTransceiver {
  for (const scalabilityMode of modes) {
    const mode = scalabilityMode && { scalabilityMode };
    const sendEncodings = layers.map(({ rid, scale, bitrate }, i) => ({ rid, scaleResolutionDownBy: scale, maxBitrate: bitrate, ...rank(priority, i), ...mode }));
    try {
      return pc.addTransceiver('video', { direction: 'sendonly', streams: [stream], sendEncodings });
    } catch {
      continue; // with fewer temporal layers, then with none
    }
  }
  return pc.addTransceiver('video', { direction: 'sendonly', streams: [stream] });
}

/** The dependency descriptor's header extension (AV1 RTP specification, appendix A), which serves every codec. */
const descriptor = 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension';

/** Header extensions to negotiate (W3C WebRTC Extensions section 5.2), newer than the type library. */
interface Extensible {
  getHeaderExtensionsToNegotiate?: () => { uri: string; direction: RTCRtpTransceiverDirection }[];
  setHeaderExtensionsToNegotiate?: (extensions: { uri: string; direction: RTCRtpTransceiverDirection }[]) => void;
}

/** describe offers the dependency descriptor where a browser knows it and would leave it out. */
function describe(line: RTCRtpTransceiver): void {
  const extensible = line as Extensible;
  const all = extensible.getHeaderExtensionsToNegotiate?.() ?? [];
  if (!all.some((e) => e.uri === descriptor && e.direction === 'stopped')) return;
  try {
    extensible.setHeaderExtensionsToNegotiate?.(all.map((e) => (e.uri === descriptor ? { ...e, direction: 'sendrecv' } : e)));
  } catch {
    // The server then looks into the payload.
  }
}

function pair(pc: RTCPeerConnection): PairLines {
  const audio = heard(pc);
  const video = pc.addTransceiver('video', { direction: 'recvonly' });
  prefer(video, 'receiver', ['video/vp8', 'video/h264', 'video/vp9', 'video/av1']);
  describe(video);
  return { audio, video };
}

/**
 * prefer puts VP8 first, whose simulcast every browser and the server know,
 * and leaves out of 49 seats what nobody sends. Where the browser cannot be
 * told, its own order stands.
 */
function prefer(line: RTCRtpTransceiver, side: 'sender' | 'receiver', mimes: readonly string[]): void {
  const kind = mimes[0]?.startsWith('audio/') ? 'audio' : 'video';
  const have = (side === 'sender' ? RTCRtpSender : RTCRtpReceiver).getCapabilities?.(kind)?.codecs ?? [];
  const chosen = choose(have, mimes);
  if (chosen.length === 0) return;
  try {
    line.setCodecPreferences(chosen);
  } catch {
    // An order of ours the browser does not take: its own works too.
  }
}

/** choose orders codecs by name, the profiles in use of each, with retransmission last. */
export function choose(have: readonly RTCRtpCodec[], mimes: readonly string[]): RTCRtpCodec[] {
  const of = (mime: string): RTCRtpCodec[] => have.filter((c) => c.mimeType.toLowerCase() === mime);
  const plain = mimes.flatMap((mime) => of(mime).filter(common).slice(0, 2));
  return plain.length === 0 ? [] : [...plain, ...of('video/rtx')];
}

/** Profiles that are in use: H.264 as single packets or fragments, constrained baseline; VP9 and AV1 8 bit. */
function common(codec: RTCRtpCodec): boolean {
  const fmtp = codec.sdpFmtpLine ?? '';
  switch (codec.mimeType.toLowerCase()) {
    case 'video/h264':
      return /packetization-mode=1/.test(fmtp) && /profile-level-id=42/i.test(fmtp);
    case 'video/vp9':
      return !/profile-id=[1-9]/.test(fmtp);
    case 'video/av1':
      return !/profile=[1-9]/.test(fmtp);
    default:
      return true;
  }
}
