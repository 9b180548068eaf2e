/** Days, as lines of chat are parted by them. */
import { language, t } from '../../language';

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** Whether two moments are on the same day, as the reader's clock goes. */
export function sameDay(a: number, b: number): boolean {
  return midnight(a) === midnight(b);
}

/** "Today", "Yesterday", or the day's name. */
export function dayName(at: number, now = Date.now()): string {
  if (sameDay(at, now)) return t('chat.today');
  if (sameDay(at, midnight(now) - 1)) return t('chat.yesterday');
  return new Intl.DateTimeFormat(language.value, { weekday: 'long', day: 'numeric', month: 'long' }).format(at);
}

const sizes = ['byte', 'kilobyte', 'megabyte'] as const;

/** The size of a file: "240 kB". */
export function sizeOf(bytes: number): string {
  const step = bytes < 1000 ? 0 : bytes < 1_000_000 ? 1 : 2;
  const value = bytes / 1000 ** step;
  return new Intl.NumberFormat(language.value, { style: 'unit', unit: sizes[step] ?? 'byte', unitDisplay: step === 0 ? 'long' : 'short', maximumFractionDigits: value < 10 && step > 0 ? 1 : 0 }).format(value);
}
