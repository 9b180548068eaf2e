import { signal, type ReadonlySignal } from '@preact/signals-core';

/** How often the meter reads, in milliseconds: a bar moves smoothly to the eye from about 15 a second. */
const period = 60;
/** The range of loudness a meter shows, in dB of full scale. */
const quiet = -60;
const loud = -12;
/** How much of the last level stays when it falls. */
const fall = 0.75;

/** loudness maps samples in [-1, 1] to 0…1 over the range of speech. */
function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const s of samples) sum += s * s;
  const db = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, (db - quiet) / (loud - quiet)));
}

/** Meter measures a microphone without sending it anywhere. */
export class Meter {
  readonly level: ReadonlySignal<number>;
  private readonly current = signal(0);
  private context: AudioContext | null = null;
  private source: MediaStreamAudioSourceNode | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    this.level = this.current;
  }

  /** watch measures this track from now on; null stops. */
  watch(track: MediaStreamTrack | null): void {
    this.source?.disconnect();
    this.source = null;
    clearInterval(this.timer);
    this.current.value = 0;
    if (!track || typeof AudioContext === 'undefined') return;
    this.context ??= new AudioContext({ latencyHint: 'interactive' });
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 1024;
    this.source = this.context.createMediaStreamSource(new MediaStream([track]));
    this.source.connect(analyser);
    void this.context.resume().catch(() => undefined);
    const samples = new Float32Array(analyser.fftSize);
    this.timer = setInterval(() => this.read(analyser, samples), period);
  }

  close(): void {
    this.watch(null);
    void this.context?.close().catch(() => undefined);
    this.context = null;
  }

  private read(analyser: AnalyserNode, samples: Float32Array<ArrayBuffer>): void {
    // A browser may hold sound back until the person has touched the page.
    if (this.context?.state === 'suspended' && navigator.userActivation?.hasBeenActive !== false) {
      void this.context.resume().catch(() => undefined);
    }
    analyser.getFloatTimeDomainData(samples);
    const now = loudness(samples);
    const smooth = now > this.current.peek() ? now : Math.max(now, this.current.peek() * fall);
    this.current.value = smooth < 0.02 ? 0 : Math.round(smooth * 50) / 50;
  }
}
