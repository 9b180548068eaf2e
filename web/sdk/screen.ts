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

/** What a share is for: letters that stay sharp, or pictures that move. */
export type ScreenContent = 'text' | 'motion';

/** What the person chose a share to be, and what it is treated as now. */
export interface ScreenMode {
  chosen: 'auto' | ScreenContent;
  now: ScreenContent;
}

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
  readonly mode: ReadonlySignal<ScreenMode>;
  private readonly current = signal(nothing);
  private readonly treated = signal<ScreenMode>({ chosen: 'auto', now: 'text' });

  constructor() {
    [this.state, this.mode] = [this.current, this.treated];
  }

  get possible(): boolean {
    return typeof navigator !== 'undefined' && typeof navigator.mediaDevices?.getDisplayMedia === 'function';
  }

  /** start asks which screen, window or tab to share. A share under way is replaced only when a new one was chosen. */
  async start(): Promise<'shared' | 'cancelled' | 'denied'> {
    try {
      return this.take(await navigator.mediaDevices.getDisplayMedia(question));
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

  /** choose says what the share is for; 'auto' leaves it to what is seen of it. */
  choose(chosen: ScreenMode['chosen']): void {
    this.treat({ chosen, now: chosen === 'auto' ? this.treated.peek().now : chosen });
  }

  /** guess says what the share looks like; a person's choice stands over it. */
  guess(now: ScreenContent): void {
    if (this.treated.peek().chosen === 'auto') this.treat({ chosen: 'auto', now });
  }

  /** The track is told; what sends it follows the mode by itself. No exchange is needed. */
  private treat(mode: ScreenMode): void {
    const before = this.treated.peek();
    if (before.chosen === mode.chosen && before.now === mode.now) return;
    const { track } = this.current.peek();
    if (track) fitted(track, mode.now);
    this.treated.value = mode;
  }

  private take(stream: MediaStream): 'shared' | 'cancelled' {
    const track = stream.getVideoTracks()[0];
    const audio = stream.getAudioTracks()[0] ?? null;
    if (!track) return 'cancelled';
    this.stop();
    const { chosen } = this.treated.peek();
    const now = chosen === 'auto' ? 'text' : chosen;
    this.treated.value = { chosen, now };
    fitted(track, now);
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

/** Frames a second worth taking from a screen: letters scroll well enough at ten, and each of them may then cost more. */
const frameRate: Record<ScreenContent, number> = { text: 10, motion: 30 };

/** fitted tells a track what its pictures are for (W3C mst-content-hint), and how many a second are wanted. */
function fitted(track: MediaStreamTrack, content: ScreenContent): void {
  track.contentHint = content;
  if (track.contentHint !== content) track.contentHint = 'detail'; // the older word for pictures to be read
  const max = frameRate[content];
  void track.applyConstraints?.({ frameRate: { ideal: max, max } }).catch(() => undefined); // it then comes as it is
}

const question: ShareOptions = {
  video: { frameRate: { ideal: 30, max: 30 } },
  audio: sound,
  selfBrowserSurface: 'exclude', // a meeting that shows itself is a hall of mirrors
  surfaceSwitching: 'include',
  systemAudio: 'include',
  monitorTypeSurfaces: 'include',
};
