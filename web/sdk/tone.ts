/** The two notes of the speaker test: frequency in Hz and start in seconds. */
const notes = [
  [523.25, 0],
  [659.25, 0.28],
] as const;
const length = 0.45;

interface Sinkable {
  setSinkId?: (id: string) => Promise<void>;
}

/** playTone sounds two soft notes on a speaker ('' is the system's) and resolves when they have faded. */
export async function playTone(speakerId: string): Promise<void> {
  const context = new AudioContext();
  try {
    if (speakerId) await (context as Sinkable).setSinkId?.(speakerId);
    await context.resume();
    for (const [frequency, at] of notes) ring(context, frequency, at);
    await new Promise((done) => setTimeout(done, (notes[1][1] + length) * 1000));
  } finally {
    await context.close();
  }
}

function ring(context: AudioContext, frequency: number, at: number): void {
  const start = context.currentTime + at;
  const oscillator = new OscillatorNode(context, { type: 'sine', frequency });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(0.2, start + 0.03);
  gain.gain.exponentialRampToValueAtTime(0.001, start + length);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + length);
}
