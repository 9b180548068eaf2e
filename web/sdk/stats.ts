/** One line of media, sent or received, as the browser counts it. */
export interface LineStats {
  mid: string;
  kind: 'audio' | 'video';
  /** Simulcast layer, when sent with one. */
  rid?: string;
  active?: boolean;
  ssrc?: number;
  codec?: string;
  scalabilityMode?: string;
  bytes: number;
  packets: number;
  /** Bits a second since the last call, 0 at the first. */
  bitrate: number;
  lost?: number;
  jitter?: number;
  nacks?: number;
  plis?: number;
  retransmitted?: number;
  width?: number;
  height?: number;
  framesPerSecond?: number;
  frames?: number;
  keyFrames?: number;
  freezes?: number;
  freezeSeconds?: number;
  audioEnergy?: number;
  audioLevel?: number;
  concealed?: number;
  jitterBufferMs?: number;
  limitation?: string;
}

/** What sits in one of our seats, with its two lines. */
export interface SeatStats {
  kind: 'seat' | 'stage' | 'voice';
  index: number;
  participant?: string;
  paused?: string;
  audio?: LineStats;
  video?: LineStats;
}

/** A snapshot for support reports and tests. Keys are stable. */
export interface MeetingStats {
  at: number;
  room: string;
  phase: string;
  self: string | null;
  participants: { id: string; name: string; self: boolean; away: boolean; microphone: boolean; camera: boolean; screen: boolean }[];
  seats: SeatStats[];
  sent: LineStats[];
  /** Which simulcast layers the server wants from us. */
  layers: Record<string, string[]>;
  connection: {
    state: string;
    ice: string;
    /** Milliseconds. */
    roundTrip?: number;
    availableOutgoing?: number;
    availableIncoming?: number;
    local?: string;
    remote?: string;
    protocol?: string;
    dtls?: string;
    cipher?: string;
  };
  /** Bits a second over all lines. */
  bitrate: { sent: number; received: number };
  freezes: { count: number; seconds: number };
  /** Offers answered since this meeting object was made. */
  sdpExchanges: number;
  /** How often media was mended: ICE restarts, whole connections made anew, WebSockets reopened. */
  recoveries: { iceRestarts: number; rebuilds: number; reconnects: number };
  /** Milliseconds from open() or join() to each step. */
  timings: Record<string, number>;
}
