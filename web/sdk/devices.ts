import { signal, type ReadonlySignal } from '@preact/signals-core';
import type { DeviceError } from './device-errors';

/** A microphone or camera of ours. */
export interface DeviceState {
  /** The person wants it on. Sound or picture flows when track is there too. */
  on: boolean;
  /** Being opened just now. */
  pending: boolean;
  track: MediaStreamTrack | null;
  error: DeviceError | null;
  deviceId: string | null;
}

/** Our shared screen. */
export interface ScreenState {
  on: boolean;
  track: MediaStreamTrack | null;
  audio: MediaStreamTrack | null;
  error: DeviceError | null;
}

/** What is plugged in. Labels are empty until a permission was given. */
export interface Devices {
  microphones: MediaDeviceInfo[];
  cameras: MediaDeviceInfo[];
  speakers: MediaDeviceInfo[];
}

export interface LocalMediaOptions {
  /** Where choices are remembered; null remembers nothing. */
  storage?: Pick<Storage, 'getItem' | 'setItem'> | null;
}

const off: DeviceState = { on: false, pending: false, track: null, error: null, deviceId: null };

/** Our own devices. Works with none at all. */
export class LocalMedia {
  readonly microphone: ReadonlySignal<DeviceState> = signal(off);
  readonly camera: ReadonlySignal<DeviceState> = signal(off);
  readonly screen: ReadonlySignal<ScreenState> = signal({ on: false, track: null, audio: null, error: null });
  /** How loud the microphone is, 0 to 1, also while muted. */
  readonly level: ReadonlySignal<number> = signal(0);
  readonly devices: ReadonlySignal<Devices> = signal({ microphones: [], cameras: [], speakers: [] });
  /** '' is the system's default. Pages pass it to setSinkId of their audio elements. */
  readonly speakerId: ReadonlySignal<string> = signal('');
  /** Our own picture for a preview, or null. */
  readonly preview: ReadonlySignal<MediaStream | null> = signal(null);
  readonly screenPreview: ReadonlySignal<MediaStream | null> = signal(null);

  constructor(readonly options: LocalMediaOptions = {}) {}

  /** Asks for what was on the last time (both, the first time); never rejects. */
  async start(_wish: { microphone?: boolean; camera?: boolean } = {}): Promise<void> {}
  async setMicrophone(_on: boolean): Promise<void> {}
  async setCamera(_on: boolean): Promise<void> {}
  async chooseMicrophone(_id: string): Promise<void> {}
  async chooseCamera(_id: string): Promise<void> {}
  chooseSpeaker(_id: string): void {}
  get canShareScreen(): boolean {
    return false;
  }
  get canChooseSpeaker(): boolean {
    return false;
  }
  async shareScreen(_o: { hint?: 'detail' | 'text' | 'motion' } = {}): Promise<'shared' | 'cancelled' | 'denied'> {
    return 'cancelled';
  }
  stopScreen(): void {}
  /** Plays two soft notes on the chosen speaker. */
  async testTone(): Promise<void> {}
  /** Gives every device back. */
  stop(): void {}
}
