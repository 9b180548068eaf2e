/** Rates, shares and short times as the language writes them. */
import { language } from '../language';

/** A rate as networks count it: "612 kbit/s", "1.2 Mbit/s". */
export function bitrate(bitsPerSecond: number): string {
  const digits = (most: number) => new Intl.NumberFormat(language.value, { maximumFractionDigits: most });
  return bitsPerSecond < 999_500 ? `${digits(0).format(bitsPerSecond / 1000)} kbit/s` : `${digits(1).format(bitsPerSecond / 1_000_000)} Mbit/s`;
}

/** A share of 0 to 1: "0.4%", in French "0,4 %". */
export function share(part: number): string {
  return new Intl.NumberFormat(language.value, { style: 'percent', maximumFractionDigits: 1 }).format(part);
}

/** A short time: "24 ms", from a second on "1.4 s". */
export function seconds(n: number): string {
  const format = new Intl.NumberFormat(language.value, { maximumFractionDigits: n < 1 ? 0 : 1 });
  return n < 1 ? `${format.format(n * 1000)} ms` : `${format.format(n)} s`;
}
