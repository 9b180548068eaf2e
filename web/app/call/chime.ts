/** Two short soft notes, made by the browser; no file to load. */
const notes = { join: [523, 784], knock: [392, 392] } as const;

export function chime(kind: keyof typeof notes): void {
  if (typeof AudioContext === 'undefined') return;
  const context = new AudioContext();
  const begin = context.currentTime + 0.02;
  notes[kind].forEach((pitch, i) => {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const start = begin + i * 0.14;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.06, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0005, start + 0.3);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.32);
  });
  setTimeout(() => void context.close(), 1000);
}
