/** How a person is drawn without a picture. */

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function initial(word: string): string {
  const [first] = segmenter.segment(word);
  return (first?.segment ?? '').toLocaleUpperCase();
}

/** One or two letters: of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/[\s\-_.]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  if (words.length === 0) return initial(name.trim()) || '?';
  const last = words.length > 1 ? initial(words[words.length - 1] ?? '') : '';
  return initial(words[0] ?? '') + last;
}

const hues = 8;

/** Which of the eight avatar hues a name gets; the same on every machine. */
export function hue(name: string): number {
  let hash = 2166136261;
  for (const byte of new TextEncoder().encode(name.normalize('NFC'))) hash = Math.imul(hash ^ byte, 16777619) >>> 0;
  return ((hash ^ (hash >>> 15)) >>> 0) % hues;
}
