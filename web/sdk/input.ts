import { batch, signal, type ReadonlySignal } from '@preact/signals-core';
import { capture, type Kind } from './capture';
import { classify, type DeviceError } from './device-errors';

/** A microphone or camera of ours. */
export interface DeviceState {
  /** It is on, or being opened. False after a failure, which error explains. */
  on: boolean;
  /** Being opened just now. */
  pending: boolean;
  track: MediaStreamTrack | null;
  error: DeviceError | null;
  /** The device in use, else the one chosen; null is the system's default. */
  deviceId: string | null;
}

export interface InputOptions {
  kind: Kind;
  /** The device chosen last time, '' for none. */
  deviceId: string;
  /** Keep the device open while off: unmuting is instant and the meter goes on. */
  warm: boolean;
}

/** Input is one microphone or camera: opened, switched, lost and found again, one thing at a time. */
export class Input {
  readonly state: ReadonlySignal<DeviceState>;
  private readonly current: ReturnType<typeof signal<DeviceState>>;
  private chosen: string;
  private turn: Promise<void> = Promise.resolve();
  private stopped = false;
  /** It should be on, but there is no device: one that is plugged in is taken. */
  private missing = false;
  private music = false;

  constructor(private readonly options: InputOptions) {
    this.chosen = options.deviceId;
    this.current = signal<DeviceState>({ on: false, pending: false, track: null, error: null, deviceId: this.chosen || null });
    this.state = this.current as ReadonlySignal<DeviceState>;
  }

  /** set switches on or off; the state says what became of it. */
  set(on: boolean): Promise<void> {
    this.stopped = this.missing = false;
    this.update({ on });
    return this.next(() => this.settle(false));
  }

  /** expect says that a track is being opened elsewhere; adopt or set follows. */
  expect(): void {
    this.stopped = this.missing = false;
    this.update({ on: true, pending: true, error: null });
  }

  /** choose changes the device, at once when it is open. */
  choose(deviceId: string): Promise<void> {
    this.chosen = deviceId;
    this.update({ deviceId: deviceId || null });
    return this.next(async () => {
      if (!this.live && !this.state.peek().on) return;
      this.release();
      await this.settle(true);
    });
  }

  /** retune has a microphone's sound as it is, or as a voice again; one that is open is opened anew without being missed. */
  retune(music: boolean): Promise<void> {
    if (this.music === music) return this.turn;
    this.music = music;
    return this.next(async () => {
      if (!this.live) return;
      try {
        const track = await this.open(true);
        batch(() => this.adopt(track));
      } catch {
        // The track we have goes on: another tone is better than none.
      }
    });
  }

  /** adopt takes a track that was opened elsewhere. */
  adopt(track: MediaStreamTrack): void {
    this.release();
    this.arrived(track);
  }

  /** plugged looks again when devices came or went: what was missing may be there now. */
  plugged(): Promise<void> {
    return this.next(async () => {
      if (!this.missing || this.stopped) return;
      this.update({ on: true });
      await this.settle(false);
    });
  }

  /** stop gives the device back. */
  stop(): void {
    this.stopped = true;
    this.missing = false;
    this.release();
    this.update({ on: false, pending: false });
  }

  private get live(): boolean {
    return this.state.peek().track?.readyState === 'live';
  }

  /** settle brings the device to what the person wants. */
  private async settle(strict: boolean): Promise<void> {
    const { on } = this.state.peek();
    if (this.stopped) return;
    if (!on) {
      if (!this.options.warm) this.release();
      return;
    }
    if (this.live) return;
    this.update({ pending: true, error: null });
    try {
      this.arrived(await this.open(strict));
      this.missing = false;
    } catch (cause) {
      const error = classify(cause);
      this.missing = error === 'none';
      this.update({ on: false, pending: false, error, track: null });
    }
  }

  private async open(strict: boolean): Promise<MediaStreamTrack> {
    if (!navigator.mediaDevices?.getUserMedia) throw new TypeError('no media devices: not a secure context');
    const { options, chosen, music } = this;
    return capture({ kind: options.kind, deviceId: chosen, strict: strict && chosen !== '', music });
  }

  private arrived(track: MediaStreamTrack): void {
    const { on } = this.state.peek();
    if (this.stopped || (!on && !this.options.warm)) {
      track.stop(); // they changed their mind meanwhile
      return this.update({ pending: false });
    }
    this.take(track);
  }

  private take(track: MediaStreamTrack): void {
    track.contentHint = this.options.kind === 'video' ? 'motion' : this.music ? 'music' : 'speech';
    track.onended = () => void this.next(() => this.lost(track));
    const deviceId = track.getSettings?.().deviceId ?? (this.chosen || null);
    this.update({ track, pending: false, error: null, deviceId });
  }

  /** The device was unplugged or taken away: use another one, if there is one. */
  private async lost(track: MediaStreamTrack): Promise<void> {
    const { track: current, on } = this.state.peek();
    if (current !== track) return;
    this.update({ track: null });
    if (on) await this.settle(false);
  }

  private release(): void {
    const { track } = this.state.peek();
    if (!track) return;
    track.onended = null;
    track.stop();
    this.update({ track: null });
  }

  private next(step: () => Promise<void> | void): Promise<void> {
    this.turn = this.turn.then(step, step);
    return this.turn;
  }

  private update(change: Partial<DeviceState>): void {
    this.current.value = { ...this.state.peek(), ...change };
  }
}
