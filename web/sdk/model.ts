import type { ErrorCode, Media, Participant as WireParticipant, Reason, Role } from './protocol';

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
export interface Line {
  id: string;
  participant: string;
  name: string;
  text: string;
  /** Milliseconds since 1970 UTC. */
  at: number;
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
