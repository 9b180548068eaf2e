/** Numbers, lists, times and durations as the language writes them. */
import { language } from './language';

export function number(n: number): string {
  return new Intl.NumberFormat(language.value).format(n);
}

/** "Ana, Bo and Chloé". */
export function list(items: readonly string[]): string {
  return new Intl.ListFormat(language.value, { type: 'conjunction' }).format(items);
}

/** The time of day, for chat lines: 14:05 in French, 2:05 PM or 14:05 by region in English. */
export function time(at: number): string {
  return new Intl.DateTimeFormat(language.value, { hour: 'numeric', minute: '2-digit' }).format(at);
}

/** A day such as "21 Nov", for recent meetings. */
export function day(at: number): string {
  return new Intl.DateTimeFormat(language.value, { day: 'numeric', month: 'short' }).format(at);
}

/** A length of time in words, the two largest units: "1 hour, 4 minutes". */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const parts: [number, 'hour' | 'minute' | 'second'][] = [
    [Math.floor(seconds / 3600), 'hour'],
    [Math.floor(seconds / 60) % 60, 'minute'],
    [seconds % 60, 'second'],
  ];
  const start = parts.findIndex(([n]) => n > 0);
  const shown = start < 0 ? parts.slice(2) : parts.slice(start, start + 2).filter(([n]) => n > 0);
  const words = shown.map(([n, unit]) => new Intl.NumberFormat(language.value, { style: 'unit', unit, unitDisplay: 'long' }).format(n));
  return new Intl.ListFormat(language.value, { type: 'unit' }).format(words);
}
