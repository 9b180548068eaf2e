import type { Connection } from './connection';
import type { MediaLines, PairLines } from './lines';
import type { LinkBars, Participant, WeakLink } from './model';
import type { Seat, SeatKind, Source } from './protocol';

/** One line of media, sent or received, as the browser counts it. */
export interface LineStats {
  mid: string;
  kind: 'audio' | 'video';
  /** What of ours it carries, when it is sent. */
  source?: Source;
  /** Simulcast layer, when sent with one. */
  rid?: string;
  active?: boolean;
  ssrc?: number;
  codec?: string;
  scalabilityMode?: string;
  bytes: number;
  packets: number;
  /** Bits a second over the last half second or more, 0 at the first call. */
  bitrate: number;
  lost?: number;
  /** Share of the packets lost in the same time, 0 to 1. */
  loss?: number;
  /** Seconds. */
  jitter?: number;
  nacks?: number;
  plis?: number;
  retransmitted?: number;
  width?: number;
  height?: number;
  framesPerSecond?: number;
  /** Encoded or decoded. */
  frames?: number;
  keyFrames?: number;
  freezes?: number;
  freezeSeconds?: number;
  audioEnergy?: number;
  audioLevel?: number;
  concealed?: number;
  /** Mean delay in the jitter buffer so far. */
  jitterBufferMs?: number;
  /** What holds the quality back: "none", "cpu", "bandwidth", "other". */
  limitation?: string;
  /** Bits a second the encoder aims at. */
  target?: number;
  /** The program that encodes or decodes. */
  encoder?: string;
  decoder?: string;
}

/** What sits in one of our seats, with its two lines. */
export interface SeatStats {
  kind: SeatKind;
  index: number;
  participant?: string;
  paused?: string;
  audio?: LineStats;
  video?: LineStats;
}

/** The path media takes. */
export interface PathStats {
  state: string;
  ice: string;
  /** Milliseconds. */
  roundTrip?: number;
  /** Bits a second. */
  availableOutgoing?: number;
  availableIncoming?: number;
  /** Kind and address of the two candidates in use. */
  local?: string;
  remote?: string;
  /** How packets travel: straight to the server, or over its relay. */
  protocol?: 'udp' | 'tcp' | 'relay';
  /** How the relay is reached: "udp", "tcp" or "tls". */
  relay?: string;
  dtls?: string;
  cipher?: string;
}

/** A snapshot for support reports and tests. Keys are stable. */
export interface MeetingStats {
  /** Milliseconds since 1970 UTC. */
  at: number;
  /** The server's version, '' before it said so. */
  version: string;
  /** What we told the server that we are. */
  client: string;
  /** The one thing about connections worth saying now. */
  link: WeakLink;
  /** How good everybody's connection is, by participant. */
  quality: Record<string, LinkBars>;
  room: string;
  phase: string;
  self: string | null;
  participants: { id: string; name: string; self: boolean; away: boolean; microphone: boolean; camera: boolean; screen: boolean }[];
  seats: SeatStats[];
  sent: LineStats[];
  /** Which simulcast layers the server wants from us, by source. */
  layers: Record<string, string[]>;
  connection: PathStats;
  /** Bits a second over all lines. */
  bitrate: { sent: number; received: number };
  freezes: { count: number; seconds: number };
  /** Offers answered since this meeting object was made. */
  sdpExchanges: number;
  /** How often the way was mended: ICE restarts, connections made anew, WebSockets reopened. */
  recoveries: { iceRestarts: number; rebuilds: number; reconnects: number };
  /** Milliseconds from open() to each step. */
  timings: Record<string, number>;
}

/** What a snapshot is taken of. */
export interface Scene extends Pick<MeetingStats, 'version' | 'client' | 'link' | 'quality' | 'room' | 'phase' | 'self' | 'sdpExchanges' | 'recoveries' | 'timings'> {
  people: Participant[];
  connection: Pick<Connection, 'pc' | 'lines' | 'out'> | null;
  seats: Seat[];
}

/** What the statistics of one connection give. */
type Collected = Pick<MeetingStats, 'seats' | 'sent' | 'connection' | 'bitrate' | 'freezes'>;

const nothing: Collected = {
  seats: [],
  sent: [],
  connection: { state: 'none', ice: 'none' },
  bitrate: { sent: 0, received: 0 },
  freezes: { count: 0, seconds: 0 },
};

/** Fields of the W3C statistics we read, over all their types. */
type Report = Record<string, unknown> & { id: string; type: string };

/** Counts of one line at one time. */
interface Counts {
  bytes: number;
  packets: number;
  lost: number;
  at: number;
  /** We send it: what was lost is among the packets. */
  ours: boolean;
}

type Rates = Pick<LineStats, 'bitrate' | 'loss'>;

/** The least time a rate is taken over, in milliseconds. */
const window = 500;

/** Collector reads statistics and remembers the last counts, for rates. */
export class Collector {
  private last = new Map<string, { counts: Counts; rates: Rates }>();

  /** snapshot joins what the browser counts with what we know. */
  async snapshot(scene: Scene): Promise<MeetingStats> {
    const { connection, people, seats, ...known } = scene;
    const collected = connection ? await this.collect(connection.pc, connection.lines, seats) : nothing;
    const participants = people.map(({ id, name, self, away, media: { microphone, camera, screen } }) => {
      return { id, name, self, away: away ?? false, microphone, camera, screen };
    });
    return { at: Date.now(), ...known, participants, ...collected, layers: wanted(connection?.out ?? {}) };
  }

  private async collect(pc: RTCPeerConnection, lines: MediaLines, seats: Seat[]): Promise<Collected> {
    const reports = new Map<string, Report>();
    (await pc.getStats()).forEach((r: Report) => reports.set(r.id, r));
    const all = [...reports.values()];
    const of = (type: string): LineStats[] => all.filter((r) => r.type === type).map((r) => this.line(r, reports));
    const sources = new Map(Object.entries(lines.send).map(([source, { mid }]) => [mid, source as Source]));
    const sent = of('outbound-rtp').map((l) => drop({ ...l, source: sources.get(l.mid) }));
    const received = new Map(of('inbound-rtp').map((l) => [l.mid, l]));
    const incoming = [...received.values()];
    return {
      sent,
      seats: seated(lines, seats, received),
      connection: path(pc, all, reports),
      bitrate: { sent: sum(sent, 'bitrate'), received: sum(incoming, 'bitrate') },
      freezes: { count: sum(incoming, 'freezes'), seconds: sum(incoming, 'freezeSeconds') },
    };
  }

  private line(r: Report, reports: Map<string, Report>): LineStats {
    const codec = reports.get(String(r['codecId']));
    const far = reports.get(String(r['remoteId']));
    const out = r.type === 'outbound-rtp';
    const now = counts(r, reports);
    return drop({
      mid: String(r['mid'] ?? ''),
      kind: r['kind'] === 'video' ? 'video' : 'audio',
      rid: text(r['rid']),
      active: typeof r['active'] === 'boolean' ? r['active'] : undefined,
      ssrc: number(r['ssrc']),
      codec: text(codec?.['mimeType']),
      scalabilityMode: text(r['scalabilityMode']),
      bytes: now.bytes,
      packets: now.packets,
      ...this.rates(r.id, now),
      lost: number((out ? far : r)?.['packetsLost']),
      jitter: number((out ? far : r)?.['jitter']),
      nacks: number(r['nackCount']),
      plis: number(r['pliCount']),
      retransmitted: number(r[out ? 'retransmittedPacketsSent' : 'retransmittedPacketsReceived']),
      width: number(r['frameWidth']),
      height: number(r['frameHeight']),
      framesPerSecond: number(r['framesPerSecond']),
      frames: number(r[out ? 'framesEncoded' : 'framesDecoded']),
      keyFrames: number(r[out ? 'keyFramesEncoded' : 'keyFramesDecoded']),
      freezes: number(r['freezeCount']),
      freezeSeconds: number(r['totalFreezesDuration']),
      audioEnergy: number(r['totalAudioEnergy']),
      audioLevel: number(r['audioLevel']),
      concealed: number(r['concealedSamples']),
      jitterBufferMs: mean(r['jitterBufferDelay'], r['jitterBufferEmittedCount']),
      limitation: text(r['qualityLimitationReason']),
      target: number(r['targetBitrate']),
      encoder: text(r['encoderImplementation']),
      decoder: text(r['decoderImplementation']),
    });
  }

  /** Whoever asks again at once gets the same: rates of a moment mean nothing. */
  private rates(id: string, now: Counts): Rates {
    const last = this.last.get(id);
    if (last && now.at - last.counts.at < window) return last.rates;
    const rates = last ? between(last.counts, now) : { bitrate: 0 };
    this.last.set(id, { counts: now, rates });
    return rates;
  }
}

function between(before: Counts, now: Counts): Rates {
  const lost = Math.max(0, now.lost - before.lost);
  const sent = now.packets - before.packets + (now.ours ? 0 : lost);
  return {
    bitrate: Math.max(0, Math.round(((now.bytes - before.bytes) * 8000) / (now.at - before.at))),
    loss: sent > 0 ? Math.min(1, lost / sent) : 0,
  };
}

/** What we send is counted by us, what of it was lost by the far end; of what we receive we count both. */
function counts(r: Report, reports: Map<string, Report>): Counts {
  const out = r.type === 'outbound-rtp';
  const far = out ? reports.get(String(r['remoteId'])) : r;
  return {
    bytes: number(r[out ? 'bytesSent' : 'bytesReceived']) ?? 0,
    packets: number(r[out ? 'packetsSent' : 'packetsReceived']) ?? 0,
    lost: number(far?.['packetsLost']) ?? 0,
    at: Number(r['timestamp']),
    ours: out,
  };
}

/** Before the server said so, nobody knows what is wanted. */
function wanted(out: Partial<Connection['out']>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(out).flatMap(([source, { rids }]) => (rids ? [[source, [...rids]]] : [])));
}

function seated(lines: MediaLines, seats: Seat[], received: Map<string, LineStats>): SeatStats[] {
  const at = (line: RTCRtpTransceiver | undefined): LineStats | undefined => received.get(line?.mid ?? 'none');
  const who = (kind: SeatKind, index: number): Seat | undefined => seats.find((s) => s.kind === kind && s.index === index);
  const one = (kind: SeatKind, index: number, audio?: RTCRtpTransceiver, video?: RTCRtpTransceiver): SeatStats => {
    const seat = who(kind, index);
    return drop({ kind, index, participant: seat?.participant || undefined, paused: seat?.paused || undefined, audio: at(audio), video: at(video) });
  };
  const pairs = (kind: SeatKind, list: PairLines[]): SeatStats[] => list.map((p, i) => one(kind, i, p.audio, p.video));
  return [...pairs('seat', lines.seats), ...pairs('stage', lines.stages), ...lines.voices.map((v, i) => one('voice', i, v))];
}

function path(pc: RTCPeerConnection, all: Report[], reports: Map<string, Report>): PathStats {
  const transport = all.find((r) => r.type === 'transport');
  const pair =
    reports.get(String(transport?.['selectedCandidatePairId'])) ??
    all.find((r) => r.type === 'candidate-pair' && r['nominated'] === true && r['state'] === 'succeeded');
  const candidate = (id: unknown): Report | undefined => reports.get(String(id));
  const address = (c: Report | undefined): string | undefined =>
    c && `${text(c['candidateType']) ?? ''} ${text(c['address']) ?? ''}:${number(c['port']) ?? ''}`;
  const roundTrip = number(pair?.['currentRoundTripTime']);
  return drop({
    state: pc.connectionState,
    ice: pc.iceConnectionState,
    roundTrip: roundTrip === undefined ? undefined : Math.round(roundTrip * 1000),
    availableOutgoing: number(pair?.['availableOutgoingBitrate']),
    availableIncoming: number(pair?.['availableIncomingBitrate']),
    local: address(candidate(pair?.['localCandidateId'])),
    remote: address(candidate(pair?.['remoteCandidateId'])),
    ...travel(candidate(pair?.['localCandidateId'])),
    dtls: text(transport?.['tlsVersion']),
    cipher: text(transport?.['srtpCipher']),
  });
}

function travel(local: Report | undefined): Pick<PathStats, 'protocol' | 'relay'> {
  if (local?.['candidateType'] === 'relay') return { protocol: 'relay', relay: text(local['relayProtocol']) };
  return { protocol: text(local?.['protocol']) as 'udp' | 'tcp' | undefined };
}

const number = (v: unknown): number | undefined => (typeof v === 'number' ? v : undefined);
const text = (v: unknown): string | undefined => (typeof v === 'string' && v !== '' ? v : undefined);

function mean(total: unknown, count: unknown): number | undefined {
  const [t, n] = [number(total), number(count)];
  return t === undefined || !n ? undefined : Math.round((t / n) * 1000);
}

function sum(lines: LineStats[], key: 'bitrate' | 'freezes' | 'freezeSeconds'): number {
  return lines.reduce((total, l) => total + (l[key] ?? 0), 0);
}

/** drop leaves out what the browser did not say. */
function drop<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;
}
