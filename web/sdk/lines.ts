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

/**
 * Simulcast layers of a camera, lowest first (RFC 8853 leaves the order to the
 * sender, browsers want it rising). Names and bit rates suit 1280x720.
 */
const cameraLayers: RTCRtpEncodingParameters[] = [
  layer('q', 4, 150_000, 'L1T2'),
  layer('h', 2, 500_000, 'L1T3'),
  layer('f', 1, 1_700_000, 'L1T3'),
];

/** A screen has a layer for reading and one for thumbnails and thin lines. */
const screenLayers: RTCRtpEncodingParameters[] = [
  layer('h', 2, 500_000, 'L1T2'),
  layer('f', 1, 2_500_000, 'L1T3'),
];

// scalabilityMode makes Chromium send the Dependency Descriptor, so that the
// server can drop temporal layers without looking into the payload.
function layer(rid: string, scaleResolutionDownBy: number, maxBitrate: number, scalabilityMode: string): RTCRtpEncodingParameters {
  return { rid, scaleResolutionDownBy, maxBitrate, scalabilityMode } as RTCRtpEncodingParameters;
}

/** build adds every line of a first offer, in the order the server expects. */
export function build(pc: RTCPeerConnection, room: Room): MediaLines {
  const person = new MediaStream();
  const share = new MediaStream();
  const send: Senders = {
    microphone: sound(pc, person, 48_000),
    camera: video(pc, person, cameraLayers),
    screen: video(pc, share, screenLayers),
    screenAudio: sound(pc, share, 128_000),
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

/** named says which mid carries what; call it once the offer is set. */
export function named(lines: MediaLines): Lines {
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
  };
}

/** inStereo asks for two channels of Opus (RFC 7587 section 6.1): Chromium mixes them into one unless its own description says so. */
export function inStereo(sdp: string): string {
  return sdp.replace(/^(a=fmtp:\d+ (?=.*useinbandfec=1)(?!.*stereo=).*)$/gm, '$1;stereo=1');
}

function video(pc: RTCPeerConnection, stream: MediaStream, layers: RTCRtpEncodingParameters[]): RTCRtpTransceiver {
  const line = withLayers(pc, stream, layers);
  prefer(line, 'sender', ['video/vp8']);
  return line;
}

function sound(pc: RTCPeerConnection, stream: MediaStream, maxBitrate: number): RTCRtpTransceiver {
  const line = pc.addTransceiver('audio', { direction: 'sendonly', streams: [stream], sendEncodings: [{ maxBitrate }] });
  prefer(line, 'sender', ['audio/opus']);
  return line;
}

function heard(pc: RTCPeerConnection): RTCRtpTransceiver {
  const line = pc.addTransceiver('audio', { direction: 'recvonly' });
  prefer(line, 'receiver', ['audio/opus']);
  return line;
}

/** Browsers that know no scalability modes refuse them or pass them over. */
function withLayers(pc: RTCPeerConnection, stream: MediaStream, layers: RTCRtpEncodingParameters[]): RTCRtpTransceiver {
  const add = (sendEncodings: RTCRtpEncodingParameters[]): RTCRtpTransceiver =>
    pc.addTransceiver('video', { direction: 'sendonly', streams: [stream], sendEncodings });
  try {
    return add(layers.map((l) => ({ ...l })));
  } catch {
    return add(layers.map(({ rid, scaleResolutionDownBy, maxBitrate }) => ({ rid, scaleResolutionDownBy, maxBitrate })));
  }
}

function pair(pc: RTCPeerConnection): PairLines {
  const audio = heard(pc);
  const video = pc.addTransceiver('video', { direction: 'recvonly' });
  prefer(video, 'receiver', ['video/vp8', 'video/h264', 'video/vp9', 'video/av1']);
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
