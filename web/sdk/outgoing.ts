import { differ, encodingsFor, type Video, type Wanted } from './encodings';
import type { LayerWish } from './protocol';

/** What iOS sends of a video whose lowest layer alone is wanted is nothing at all (WebKit on every browser there). */
export function onIOS(): boolean {
  if (typeof navigator === 'undefined') return false;
  const { userAgent, maxTouchPoints } = navigator;
  return /iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1);
}

/** Outgoing is one line we send on: its track, and as much of its layers as somebody shows. One change at a time, in order. */
export class Outgoing {
  /** Which layers somebody wants, as the server said last; null before that. */
  rids: readonly string[] | null = null;
  private wishes: readonly LayerWish[] = [];
  private track: MediaStreamTrack | null = null;
  /** Bits a second the line takes, when known. */
  private line: number | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  /** What the sender was told to give up last: not every browser says. */
  private degradation: Video['degradation'] | undefined;
  private closed = false;

  constructor(
    private readonly transceiver: RTCRtpTransceiver,
    private video: Video | null = null,
    private readonly neverOnlyLowest = onIOS(),
  ) {}

  get sender(): RTCRtpSender {
    return this.transceiver.sender;
  }

  /** send puts a track on the line, or nothing. */
  send(track: MediaStreamTrack | null): void {
    this.track = track;
    this.next(() => (this.sender.track === track ? undefined : this.sender.replaceTrack(track)));
    if (track) this.shape();
  }

  /** want takes which layers somebody shows, and how large: what nobody looks at is not encoded. */
  want(rids: readonly string[], wishes: readonly LayerWish[] = []): void {
    [this.rids, this.wishes] = [rids, wishes];
    this.shape();
  }

  /** treat sends the video another way from now on. */
  treat(video: Video): void {
    this.video = video;
    this.shape();
  }

  /** narrow takes what the line can bear, in bits a second, or that nobody knows. */
  narrow(line: number | null): void {
    this.line = line;
    this.shape();
  }

  /** limit caps a sound, in bits a second. */
  limit(maxBitrate: number): void {
    this.next(() => this.set((encodings) => encodings.map((e) => ({ ...e, maxBitrate }))));
  }

  close(): void {
    this.closed = true;
  }

  private shape(): void {
    const { video } = this;
    if (!video) return;
    this.next(() => this.set((now) => encodingsFor(now, this.wanted(video)), video));
  }

  private wanted(video: Video): Wanted {
    const { rids, wishes, line, neverOnlyLowest } = this;
    const { width, height } = this.track?.getSettings?.() ?? {};
    return { video, rids, wishes, line, neverOnlyLowest, size: width && height ? { width, height } : null };
  }

  private async set(to: (now: RTCRtpEncodingParameters[]) => RTCRtpEncodingParameters[], video?: Video): Promise<void> {
    const parameters = this.sender.getParameters();
    const encodings = to(parameters.encodings);
    const degradation = video ? video.degradation : this.degradation;
    if (degradation === this.degradation && !differ(encodings, parameters.encodings)) return;
    this.degradation = degradation;
    if (degradation) parameters.degradationPreference = degradation;
    const active = parameters.encodings.map((e, i) => ({ ...e, active: encodings[i]?.active ?? true }));
    try {
      await this.sender.setParameters({ ...parameters, encodings });
    } catch {
      // A browser that does not take all of it takes which layers are wanted.
      await this.sender.setParameters({ ...this.sender.getParameters(), encodings: active });
    }
  }

  /** A change that fails is of a connection that ends; the next one starts with all of them. */
  private next(change: () => Promise<unknown> | undefined): void {
    this.turn = this.turn.then(() => (this.closed ? undefined : change())).catch(() => undefined);
  }
}
