/**
 * The bytes of drawings on the data channel, as docs/protocol.md has them. What
 * is read comes from the server alone, and is still read with care: a message
 * that cannot be read is dropped whole.
 */

export const version = 1;

/** A place on the picture: 0 to 65535 of its width and of its height. */
export type Point = readonly [x: number, y: number];

export const tools = ['pen', 'arrow', 'box', 'text', 'stamp', 'laser'] as const;
export type Tool = (typeof tools)[number];

export const stamps = ['check', 'cross', 'question', 'star', 'heart', 'here'] as const;
export type StampName = (typeof stamps)[number];

const refusals = ['forbidden', 'full', 'busy'] as const;
export type Refusal = (typeof refusals)[number];

/** A mark, or more of one that is known. */
export interface Stroke {
  canvas: number;
  mark: number;
  tool: Tool;
  /** It is finished. */
  last: boolean;
  points: Point[];
  /** What a text says, or which stamp it is. */
  text: string;
}

export type ClientRecord =
  | { kind: 'hello' }
  | ({ kind: 'draw' } & Stroke)
  | { kind: 'undo'; canvas: number }
  | { kind: 'erase'; canvas: number; author: number; mark: number };

export type ServerRecord =
  | { kind: 'forget' }
  | { kind: 'whole' }
  | { kind: 'you'; author: number; newest: number }
  | { kind: 'author'; author: number; colour: number; participant: string; name: string }
  | { kind: 'canvas'; canvas: number; participant: string }
  | { kind: 'ended'; canvas: number }
  | ({ kind: 'mark'; author: number } & Stroke)
  | { kind: 'erased'; canvas: number; author: number; mark: number }
  | { kind: 'cleared'; canvas: number }
  | { kind: 'refused'; canvas: number; mark: number; why: Refusal };

/** The most points of one record. */
export const mostPoints = 255;

/** write puts records into one message. */
export function write(...records: ClientRecord[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [version];
  const long = (n: number): void => { bytes.push((n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255); };
  const short = (n: number): void => { bytes.push((n >>> 8) & 255, n & 255); };
  for (const record of records) {
    switch (record.kind) {
      case 'hello':
        bytes.push(0x01);
        break;
      case 'draw': {
        const text = new TextEncoder().encode(record.text).slice(0, 255);
        bytes.push(0x02);
        long(record.canvas);
        long(record.mark);
        bytes.push(tools.indexOf(record.tool) + 1, record.last ? 1 : 0, Math.min(record.points.length, mostPoints));
        for (const [x, y] of record.points.slice(0, mostPoints)) (short(x), short(y));
        bytes.push(text.length, ...text);
        break;
      }
      case 'undo':
        bytes.push(0x03);
        long(record.canvas);
        break;
      case 'erase':
        bytes.push(0x04);
        long(record.canvas);
        short(record.author);
        long(record.mark);
    }
  }
  return new Uint8Array(bytes);
}

class Unreadable extends Error {}

/** Reader goes through a message from its beginning to its end. */
class Reader {
  private at = 1;
  private readonly view: DataView;
  constructor(bytes: ArrayBuffer) {
    this.view = new DataView(bytes);
    if (bytes.byteLength === 0 || this.view.getUint8(0) !== version) throw new Unreadable();
  }
  get over(): boolean { return this.at >= this.view.byteLength; }
  private step(size: number): number {
    const at = this.at;
    if (at + size > this.view.byteLength) throw new Unreadable();
    this.at += size;
    return at;
  }
  byte(): number { return this.view.getUint8(this.step(1)); }
  short(): number { return this.view.getUint16(this.step(2)); }
  long(): number { return this.view.getUint32(this.step(4)); }
  text(): string {
    const size = this.byte();
    return new TextDecoder().decode(new Uint8Array(this.view.buffer, this.step(size), size));
  }
  one<T>(list: readonly T[], number: number): T {
    const found = list[number - 1];
    if (found === undefined) throw new Unreadable();
    return found;
  }
  stroke(canvas: number): Stroke {
    const mark = this.long();
    const tool = this.one(tools, this.byte());
    const last = (this.byte() & 1) === 1;
    const points: Point[] = [];
    for (let n = this.byte(); n > 0; n--) points.push([this.short(), this.short()]);
    return { canvas, mark, tool, last, points, text: this.text() };
  }
}

function record(r: Reader): ServerRecord {
  switch (r.byte()) {
    case 0x10:
      return { kind: 'forget' };
    case 0x11:
      return { kind: 'whole' };
    case 0x12:
      return { kind: 'you', author: r.short(), newest: r.long() };
    case 0x13:
      return { kind: 'author', author: r.short(), colour: r.byte(), participant: r.text(), name: r.text() };
    case 0x14:
      return { kind: 'canvas', canvas: r.long(), participant: r.text() };
    case 0x15:
      return { kind: 'ended', canvas: r.long() };
    case 0x16: {
      const [canvas, author] = [r.long(), r.short()];
      return { kind: 'mark', author, ...r.stroke(canvas) };
    }
    case 0x17:
      return { kind: 'erased', canvas: r.long(), author: r.short(), mark: r.long() };
    case 0x18:
      return { kind: 'cleared', canvas: r.long() };
    case 0x19:
      return { kind: 'refused', canvas: r.long(), mark: r.long(), why: r.one(refusals, r.byte()) };
    default:
      throw new Unreadable();
  }
}

/** read gives the records of a message; null when it cannot be read. */
export function read(message: ArrayBuffer): ServerRecord[] | null {
  try {
    const r = new Reader(message);
    const records: ServerRecord[] = [];
    while (!r.over) records.push(record(r));
    return records;
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}
