import type { Failure, FailureCode } from './model';
import type { Error as WireError } from './protocol';

/** Codes after which trying again by itself makes sense. */
const passing: ReadonlySet<FailureCode> = new Set(['unavailable', 'rate-limited', 'internal', 'unreachable', 'media-blocked']);

/** MeetingError is what the promises of this package reject with. */
export class MeetingError extends Error {
  readonly code: FailureCode;
  readonly retryAfter: number | undefined;

  constructor(code: FailureCode, message: string, retryAfter?: number) {
    super(message);
    this.name = 'MeetingError';
    this.code = code;
    this.retryAfter = retryAfter;
  }

  static from(wire: WireError): MeetingError {
    return new MeetingError(wire.code, wire.message, wire.retryAfter);
  }

  get retryable(): boolean {
    return passing.has(this.code);
  }

  /** The same as a plain value for a signal. */
  get failure(): Failure {
    const { code, message, retryable, retryAfter } = this;
    return retryAfter === undefined ? { code, message, retryable } : { code, message, retryable, retryAfter };
  }
}
