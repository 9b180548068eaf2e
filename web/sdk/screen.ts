import { signal, type ReadonlySignal } from '@preact/signals-core';
import { classify, type DeviceError } from './device-errors';

/** Our shared screen. */
export interface ScreenState {
  on: boolean;
  track: MediaStreamTrack | null;
  /** Its sound, when the browser and the person gave it. */
  audio: MediaStreamTrack | null;
  error: DeviceError | null;
}

/** What matters in a share: sharp still pictures, sharp letters, or movement. */
export type ScreenHint = 'detail' | 'text' | 'motion';

/** Options newer than the type library (W3C Screen Capture); browsers skip what they do not know. */
interface ShareOptions extends DisplayMediaStreamOptions {
  selfBrowserSurface?: 'include' | 'exclude';
  surfaceSwitching?: 'include' | 'exclude';
  systemAudio?: 'include' | 'exclude';
  monitorTypeSurfaces?: 'include' | 'exclude';
}

/** Films and music as they are, in stereo, without the voices of the meeting coming back to who spoke. */
const sound: MediaTrackConstraints & { restrictOwnAudio: boolean } = {
  echoCancellation: false,
  noiseSuppression: false,
  autoGainControl: false,
  channelCount: { ideal: 2 },
  restrictOwnAudio: true,
};

const nothing: ScreenState = { on: false, track: null, audio: null, error: null };

/** ScreenShare is one share of ours: begun by the person, ended by them, by us or by the browser's own bar. */
export class ScreenShare {
  readonly state: ReadonlySignal<ScreenState>;
  private readonly current = signal(nothing);

  constructor() {
    this.state = this.current;
  }

  get possible(): boolean {
    return typeof navigator !== 'undefined' && typeof navigator.mediaDevices?.getDisplayMedia === 'function';
  }

  /** start asks which screen, window or tab to share. A share under way is replaced only when a new one was chosen. */
  async start(hint: ScreenHint): Promise<'shared' | 'cancelled' | 'denied'> {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia(question(hint));
      return this.take(stream, hint);
    } catch (error) {
      return this.refused(error);
    }
  }

  stop(): void {
    const { track, audio } = this.current.peek();
    for (const t of [track, audio]) {
      if (!t) continue;
      t.onended = null;
      t.stop();
    }
    this.current.value = nothing;
  }

  private take(stream: MediaStream, hint: ScreenHint): 'shared' | 'cancelled' {
    const track = stream.getVideoTracks()[0];
    const audio = stream.getAudioTracks()[0] ?? null;
    if (!track) return 'cancelled';
    this.stop();
    track.contentHint = hint;
    if (audio) audio.contentHint = 'music';
    track.onended = () => this.stop();
    if (audio) audio.onended = () => (this.current.value = { ...this.current.peek(), audio: null });
    this.current.value = { on: true, track, audio, error: null };
    return 'shared';
  }

  /** Closing the browser's dialog is no failure; the system's refusal is one to explain. */
  private refused(error: unknown): 'cancelled' | 'denied' {
    const { name = '', message = '' } = (error ?? {}) as { name?: string; message?: string };
    const bySystem = /system/i.test(message);
    if (name === 'AbortError' || name === 'InvalidStateError' || (name === 'NotAllowedError' && !bySystem)) return 'cancelled';
    this.current.value = { ...this.current.peek(), error: classify(error) };
    return 'denied';
  }
}

function question(hint: ScreenHint): ShareOptions {
  const frames = hint === 'motion' ? 30 : 15;
  return {
    video: { frameRate: { ideal: frames, max: 30 } },
    audio: sound,
    selfBrowserSurface: 'exclude', // a meeting that shows itself is a hall of mirrors
    surfaceSwitching: 'include',
    systemAudio: 'include',
    monitorTypeSurfaces: 'include',
  };
}
