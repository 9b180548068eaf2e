import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const built = existsSync(`${dist}index.html`);
const KiB = 1024;

/** Bytes on the wire of files of the built page, each packed by itself. */
function weight(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + brotliCompressSync(readFileSync(dist + file)).length, 0);
}

/** The page and what it names: all that home and the door need. */
function first(): string[] {
  const page = readFileSync(`${dist}index.html`, 'utf8');
  return ['index.html', ...[...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, file]) => file!)];
}

describe.runIf(built)('the built page', () => {
  it('brings home and the door in at most 38 KiB', () => {
    expect(first().length).toBeGreaterThanOrEqual(3);
    expect(weight(first())).toBeLessThanOrEqual(38 * KiB);
  });

  it('has brought everything up to the call in at most 64 KiB', () => {
    const call = readdirSync(`${dist}assets`).filter((file) => /^Call-.*\.(js|css)$/.test(file)).map((file) => `assets/${file}`);
    expect(call.length).toBe(2);
    expect(weight([...first(), ...call])).toBeLessThanOrEqual(64 * KiB);
  });
});
