/** What is drawn on the shares, as the server tells it: its records, folded. */
import type { Refusal, ServerRecord, Stroke } from './wire';

export interface Author {
  readonly number: number;
  readonly colour: number;
  readonly participant: string;
  readonly name: string;
}

export interface Mark extends Stroke {
  readonly author: number;
  /** When something of it came last, by performance.now(). */
  at: number;
}

/** What one record changed, for who paints. */
export type Change =
  | { what: 'all' } // anything may be other
  | { what: 'drawn'; mark: Mark }
  | { what: 'gone'; canvas: number }
  | { what: 'refused'; canvas: number; mark: number; why: Refusal };

export class Sketch {
  me = 0;
  /** The number of our newest mark. */
  newest = 0;
  readonly authors = new Map<number, Author>();
  /** By canvas, in the order they began. */
  readonly canvases = new Map<number, Mark[]>();

  /** apply takes one record in. */
  apply(record: ServerRecord, now: number): Change | null {
    switch (record.kind) {
      case 'forget':
        this.authors.clear();
        this.canvases.clear();
        return null;
      case 'whole':
        return { what: 'all' };
      case 'you':
        this.me = record.author;
        this.newest = Math.max(this.newest, record.newest);
        return null;
      case 'author': {
        const { author: number, colour, participant, name } = record;
        this.authors.set(number, { number, colour, participant, name });
        return null;
      }
      case 'canvas':
        this.canvases.set(record.canvas, []);
        return null;
      case 'ended':
        this.canvases.delete(record.canvas);
        return { what: 'gone', canvas: record.canvas };
      case 'mark':
        return this.mark(record, now);
      case 'erased':
        this.keep(record.canvas, (mark) => mark.author !== record.author || mark.mark !== record.mark);
        return { what: 'gone', canvas: record.canvas };
      case 'cleared':
        this.keep(record.canvas, () => false);
        return { what: 'gone', canvas: record.canvas };
      case 'refused':
        return { what: 'refused', canvas: record.canvas, mark: record.mark, why: record.why };
    }
  }

  /** newestOf is an author's newest mark on a canvas. */
  newestOf(canvas: number, author: number): Mark | undefined {
    return this.canvases.get(canvas)?.findLast((mark) => mark.author === author);
  }

  private keep(canvas: number, stays: (mark: Mark) => boolean): void {
    const marks = this.canvases.get(canvas);
    if (marks) this.canvases.set(canvas, marks.filter(stays));
  }

  private mark(record: Stroke & { author: number }, now: number): Change | null {
    const { canvas, author, mark: number, tool, last, points, text } = record;
    if (author === this.me) this.newest = Math.max(this.newest, number);
    if (tool === 'laser') return { what: 'drawn', mark: { ...record, at: now } };
    const marks = this.canvases.get(canvas);
    if (!marks) return null;
    const known = marks.findLast((mark) => mark.author === author && mark.mark === number);
    if (!known) {
      const mark: Mark = { canvas, author, mark: number, tool, last, points: [...points], text, at: now };
      marks.push(mark);
      return { what: 'drawn', mark };
    }
    extend(known, record);
    known.at = now;
    return { what: 'drawn', mark: known };
  }
}

/** extend goes on with a mark: a line gets longer, an arrow or a box gets another second end. */
export function extend(mark: Stroke, more: Pick<Stroke, 'points' | 'last'>): void {
  const end = more.points[more.points.length - 1];
  if (mark.tool === 'arrow' || mark.tool === 'box') {
    const first = mark.points[0];
    if (end && first) mark.points = [first, end];
  } else {
    mark.points.push(...more.points);
  }
  mark.last ||= more.last;
}
