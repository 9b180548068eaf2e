import type { ChatLine, ErrorCode, Media, Participant as WireParticipant, Reason, Role } from './protocol';

/** Where a person is on the way into and out of a meeting. */
export type Phase =
  | 'connecting' // no word from the server yet
  | 'door' // the server knows us; we may join
  | 'joining' // join was sent
  | 'waiting' // a host must admit us
  | 'joined'
  | 'reconnecting' // was further than the door, comes back by itself
  | 'ended';

/** What the preparation of the connection is busy with. */
export type Step =
  | 'signalling' // WebSocket and hello
  | 'securing' // ICE and DTLS
  | 'ready';

/** What a failure is about: an error of the protocol, or one of the browser. */
export type FailureCode =
  | ErrorCode
  | 'unreachable' // no connection to the server
  | 'media-blocked' // signalling works, media finds no way through
  | 'unsupported'; // this browser has no WebRTC

/** Why something does not work, and whether waiting may mend it. */
export interface Failure {
  code: FailureCode;
  /** For logs and developers, in English; pages use their own words by code. */
  message: string;
  /** The client goes on trying by itself. */
  retryable: boolean;
  /** In milliseconds, when the server said so. */
  retryAfter?: number;
}

/** How a meeting ended for us. */
export interface Ended {
  reason: Reason;
  /** Milliseconds from joining to the end; 0 when never joined. */
  duration: number;
}

/** Who we are in this room. */
export interface Self {
  id: string;
  name: string;
  role: Role;
}

/** Somebody in the room. */
export interface Participant extends WireParticipant {
  media: Media;
  /** That is us. */
  self: boolean;
}

/** Who speaks now, loudest first. */
export interface Speaking {
  speaking: string[];
  dominant?: string;
}

/** A line in the chat. */
export interface Line extends Omit<ChatLine, 'nonce'> {
  mine: boolean;
  /** Our own lines are 'sending' until they come back from the server. */
  state: 'sent' | 'sending' | 'failed';
}

/** A picture of somebody, ready for a video element's srcObject. */
export interface Picture {
  /** Null while nothing comes. A new stream each time another person sits here. */
  stream: MediaStream | null;
  /** Why a picture that exists is not sent: "bandwidth", "hidden", "muted", "no video". */
  paused?: string;
}

/** Sources with a picture. */
export type PictureSource = 'camera' | 'screen';

/** How good one direction of a connection is: 3 nobody notices it, 2 somebody may, 1 everybody does, 0 nothing gets through, or not known yet. */
export type Bars = 0 | 1 | 2 | 3;

/** How good somebody's connection to the server is: up is what they send, down what they receive. */
export interface LinkBars {
  up: Bars;
  down: Bars;
}

/** The one thing about connections worth saying now. */
export interface WeakLink {
  /** Whose connection is bad; 'server' while there is no word from the server, null while all is well. */
  whose: 'mine' | 'theirs' | 'server' | null;
  /** Whose, when it is theirs. */
  participant?: string;
  /** The worse direction, when one is. */
  direction?: 'up' | 'down';
  bars: Bars;
}

/** Which pictures we take in: everybody's, shared screens only, or none. Sound always comes. */
export type Incoming = 'all' | 'screens' | 'none';
