import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { read, write, type ClientRecord, type ServerRecord } from './wire';

interface Told { kind: string; points?: [number, number][]; [key: string]: unknown }
interface Vector { name: string; hex: string; records: Told[] }

/** The same file that the server's own tests read. */
const vectors = JSON.parse(readFileSync(fileURLToPath(new URL('../../../rooms/drawing/testdata/vectors.json', import.meta.url)), 'utf8')) as Vector[];

const bytes = (hex: string): Uint8Array<ArrayBuffer> => new Uint8Array((hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16)));
const toServer = new Set(['hello', 'draw', 'undo', 'erase']);

/** The vectors leave out what is zero, empty or false. */
function whole(told: Told): ServerRecord & ClientRecord {
  const drawn = told.kind === 'draw' || told.kind === 'mark' ? { last: false, points: [], text: '' } : {};
  const author = told.kind === 'author' ? { colour: 0 } : {};
  return { ...drawn, ...author, ...told } as unknown as ServerRecord & ClientRecord;
}

describe('the bytes of drawings', () => {
  it.each(vectors)('are those of the server: $name', ({ hex, records }) => {
    const mine = records.filter((told) => toServer.has(told.kind));
    if (mine.length === records.length) expect(write(...records.map(whole))).toEqual(bytes(hex));
    else expect(read(bytes(hex).buffer)).toEqual(records.map(whole));
  });

  it('read no message that ends early, is of another version or of an unknown kind', () => {
    const { hex } = vectors.find((vector) => vector.name === 'a whole drawing')!;
    const message = bytes(hex);
    for (let end = 0; end < message.length; end++) {
      const part = read(message.slice(0, end).buffer);
      if (part) expect(part.length).toBeLessThan(6);
    }
    expect(read(new Uint8Array([2]).buffer)).toBeNull();
    expect(read(new Uint8Array([1, 99]).buffer)).toBeNull();
    expect(read(new ArrayBuffer(0))).toBeNull();
  });
});
