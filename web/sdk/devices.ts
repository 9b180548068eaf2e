import { computed, effect, signal, type ReadonlySignal } from '@preact/signals-core';
import { captureBoth } from './capture';
import { Input, type DeviceState } from './input';
import { browserStore, Memory, type Store } from './memory';
import { Meter } from './meter';
import { ScreenShare, type ScreenContent, type ScreenMode, type ScreenState } from './screen';

export type { DeviceState } from './input';
export type { ScreenContent, ScreenMode, ScreenState } from './screen';

/** What is plugged in. Labels are empty until a permission was given. */
export interface Devices {
  microphones: MediaDeviceInfo[];
  cameras: MediaDeviceInfo[];
  speakers: MediaDeviceInfo[];
}

export interface LocalMediaOptions {
  /** Where choices are remembered; null remembers nothing. Default is localStorage, where it can be had. */
  storage?: Store | null;
}

/** Our own devices. Works with none at all. */
export class LocalMedia {
  readonly microphone: ReadonlySignal<DeviceState>;
  readonly camera: ReadonlySignal<DeviceState>;
  readonly screen: ReadonlySignal<ScreenState>;
  /** Whether our share is there to be read or to be watched. */
  readonly screenMode: ReadonlySignal<ScreenMode>;
  /** The microphone is sent as it is, in stereo: for instruments and records. */
  readonly music: ReadonlySignal<boolean>;
  /** How loud the microphone is, 0 to 1, also while muted. */
  readonly level: ReadonlySignal<number>;
  readonly devices: ReadonlySignal<Devices>;
  /** '' is the system's default. Pages pass it to setSinkId of their audio elements. */
  readonly speakerId: ReadonlySignal<string>;
  /** Our own camera for a preview, or null. */
  readonly preview: ReadonlySignal<MediaStream | null>;
  /** Our own shared screen, or null. */
  readonly screenPreview: ReadonlySignal<MediaStream | null>;

  private readonly memory: Memory;
  private readonly inputs: { microphone: Input; camera: Input };
  private readonly share = new ScreenShare();
  private readonly meter = new Meter();
  private readonly asItIs = signal(false);
  private readonly found = signal<Devices>({ microphones: [], cameras: [], speakers: [] });
  private readonly speaker: ReturnType<typeof signal<string>>;
  private readonly unwatch: () => void;
  private readonly plugged = (): void => void this.replugged();

  constructor(options: LocalMediaOptions = {}) {
    this.memory = new Memory(options.storage === undefined ? browserStore() : options.storage);
    this.inputs = {
      microphone: new Input({ kind: 'audio', deviceId: this.memory.get('microphone'), warm: true }),
      camera: new Input({ kind: 'video', deviceId: this.memory.get('camera'), warm: false }),
    };
    this.microphone = this.inputs.microphone.state;
    this.camera = this.inputs.camera.state;
    this.screen = this.share.state;
    this.screenMode = this.share.mode;
    this.music = this.asItIs;
    this.level = this.meter.level;
    this.devices = this.found;
    this.speaker = signal(this.memory.get('speaker'));
    this.speakerId = this.speaker as ReadonlySignal<string>;
    this.preview = asStream(computed(() => this.camera.value.track));
    this.screenPreview = asStream(computed(() => this.screen.value.track));
    const heard = computed(() => this.microphone.value.track);
    this.unwatch = effect(() => this.meter.watch(heard.value));
    media()?.addEventListener?.('devicechange', this.plugged);
  }

  /** Asks for what was on the last time (both, the first time), with one question where possible. Never rejects. */
  async start(wish: { microphone?: boolean; camera?: boolean } = {}): Promise<void> {
    const microphone = wish.microphone ?? this.memory.get('microphoneOn');
    const camera = wish.camera ?? this.memory.get('cameraOn');
    if (microphone && camera && (await this.startBoth())) return this.list();
    // Apart from each other: one that fails leaves the other.
    await Promise.all([this.inputs.microphone.set(microphone), this.inputs.camera.set(camera)]);
    await this.list();
  }

  /** Switches the microphone; `remember` as for the camera. */
  async setMicrophone(on: boolean, remember = true): Promise<void> {
    if (remember) this.memory.set('microphoneOn', on);
    await this.inputs.microphone.set(on);
    await this.list();
  }

  /** Switches the camera; `remember` says whether the next meeting begins like that. */
  async setCamera(on: boolean, remember = true): Promise<void> {
    if (remember) this.memory.set('cameraOn', on);
    await this.inputs.camera.set(on);
    await this.list();
  }

  /** Sends the microphone without echo cancellation, noise suppression and gain control, in stereo, or as a voice again. */
  setMusic(on: boolean): Promise<void> {
    this.asItIs.value = on;
    return this.inputs.microphone.retune(on);
  }

  chooseMicrophone(id: string): Promise<void> {
    this.memory.set('microphone', id);
    return this.inputs.microphone.choose(id);
  }

  chooseCamera(id: string): Promise<void> {
    this.memory.set('camera', id);
    return this.inputs.camera.choose(id);
  }

  chooseSpeaker(id: string): void {
    this.memory.set('speaker', id);
    this.speaker.value = id;
  }

  get canShareScreen(): boolean {
    return this.share.possible;
  }

  get canChooseSpeaker(): boolean {
    return typeof HTMLMediaElement !== 'undefined' && 'setSinkId' in HTMLMediaElement.prototype;
  }

  /** Asks what to share; must be called from a click. */
  shareScreen(): Promise<'shared' | 'cancelled' | 'denied'> {
    return this.share.start();
  }

  /** Says what our share is for, before it or during it; 'auto' looks at it. */
  setScreenMode(mode: ScreenMode['chosen']): void {
    this.share.choose(mode);
  }

  /** What our share looks like to who sends it; counts in mode 'auto'. */
  guessScreen(content: ScreenContent): void {
    this.share.guess(content);
  }

  stopScreen(): void {
    this.share.stop();
  }

  /** Plays two soft notes on the chosen speaker. */
  async testTone(): Promise<void> {
    const { playTone } = await import('./tone');
    await playTone(this.speakerId.peek());
  }

  /** Gives every device back; start() takes them again. */
  stop(): void {
    this.inputs.microphone.stop();
    this.inputs.camera.stop();
    this.share.stop();
  }

  /** Lets go for good. */
  close(): void {
    this.stop();
    this.unwatch();
    this.meter.close();
    media()?.removeEventListener?.('devicechange', this.plugged);
  }

  /** One prompt for both; false when they must be tried one by one. */
  private async startBoth(): Promise<boolean> {
    if (!media()?.getUserMedia) return false;
    this.inputs.microphone.expect();
    this.inputs.camera.expect();
    try {
      const tracks = await captureBoth(this.memory.get('microphone'), this.memory.get('camera'), this.music.peek());
      if (tracks.audio) this.inputs.microphone.adopt(tracks.audio);
      if (tracks.video) this.inputs.camera.adopt(tracks.video);
      return tracks.audio !== undefined && tracks.video !== undefined;
    } catch {
      return false;
    }
  }

  private async replugged(): Promise<void> {
    await this.list();
    await Promise.all([this.inputs.microphone.plugged(), this.inputs.camera.plugged()]);
  }

  private async list(): Promise<void> {
    const all = await (media()?.enumerateDevices?.() ?? Promise.resolve([])).catch(() => [] as MediaDeviceInfo[]);
    const of = (kind: MediaDeviceKind): MediaDeviceInfo[] => all.filter((d) => d.kind === kind && d.deviceId !== '');
    this.found.value = { microphones: of('audioinput'), cameras: of('videoinput'), speakers: of('audiooutput') };
  }
}

/** mediaDevices is missing where the page is no secure context. */
function media(): MediaDevices | undefined {
  return typeof navigator === 'undefined' ? undefined : navigator.mediaDevices;
}

function asStream(track: ReadonlySignal<MediaStreamTrack | null>): ReadonlySignal<MediaStream | null> {
  return computed(() => (track.value ? new MediaStream([track.value]) : null));
}
