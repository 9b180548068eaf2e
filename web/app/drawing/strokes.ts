/** What we draw ourselves: seen at once, sent a few points at a time. */
import { extend, type Mark } from './sketch';
import type { ClientRecord, Point, Tool } from './wire';

/** Between two points that are sent of one line, in milliseconds: thirty a second. */
export const pointEvery = 33;
/** Between two messages. */
const sendEvery = 66;
/** A longer line goes on as another one: the server ends it at 2048 points. */
const longest = 1500;
/** Our own picture of a finished mark is given up when the server says nothing of it for so long. */
const forgotten = 5000;

/** Numbers of marks only grow, over a reload of the page too: they begin with the time, in seconds. */
function sinceEpoch(): number {
  return Math.floor(Date.now() / 1000) - 1_700_000_000;
}

interface Line {
  /** With all we have seen of it, the tip included. */
  shown: Mark;
  waiting: Point[];
  taken: number;
  tip: Point | null;
}

export class Strokes {
  /** Marks of ours the server has not told of whole, by number. */
  readonly own = new Map<number, Mark>();
  private line: Line | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private next = 0;

  constructor(
    private readonly send: (record: ClientRecord) => void,
    private readonly busy: () => boolean,
    private readonly newest: () => number,
    private readonly changed: (mark: Mark) => void,
  ) {}

  /** begin starts a mark of ours; the one before it is finished. */
  begin(canvas: number, tool: Tool, at: Point, now: number, text = ''): void {
    this.end(now);
    this.next = Math.max(this.next, this.newest(), sinceEpoch()) + 1;
    const shown: Mark = { canvas, author: 0, mark: this.next, tool, last: false, points: [at], text, at: now };
    if (tool !== 'laser') this.own.set(shown.mark, shown);
    this.line = { shown, waiting: [at], taken: now, tip: null };
    this.changed(shown);
    if (tool === 'text' || tool === 'stamp') this.end(now);
    else this.flush();
  }

  /** move goes on with it. */
  move(to: Point, now: number): void {
    const { line } = this;
    if (!line) return;
    const { shown } = line;
    if (shown.points.length >= longest && shown.tool === 'pen') return this.begin(shown.canvas, 'pen', to, now);
    if (line.tip && shown.tool === 'pen') shown.points.pop();
    if (now - line.taken >= pointEvery) {
      line.waiting.push(to);
      line.taken = now;
      line.tip = null;
    } else {
      line.tip = to;
    }
    if (shown.tool === 'laser') shown.points = [to];
    else extend(shown, { points: [to], last: false });
    shown.at = now;
    this.changed(shown);
    this.timer ??= setTimeout(() => this.flush(), sendEvery);
  }

  /** end finishes it where it is. */
  end(now: number): void {
    const { line } = this;
    if (!line) return;
    if (line.tip) line.waiting.push(line.tip);
    line.shown.last = true;
    line.shown.at = now;
    this.flush();
    this.line = null;
    this.changed(line.shown);
  }

  /** The server has a mark of ours whole, or will not have it. */
  settle(mark: number): void {
    this.own.delete(mark);
    if (this.line?.shown.mark === mark) this.line = null;
  }

  /** tidy gives up what the server never told of. */
  tidy(now: number): void {
    for (const [number, mark] of this.own) if (mark.last && now - mark.at > forgotten) this.own.delete(number);
  }

  /** drop gives up all of it: the connection is another. */
  drop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.line = null;
    this.own.clear();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { line } = this;
    if (!line) return;
    const { shown } = line;
    const spanned = shown.tool === 'arrow' || shown.tool === 'box';
    const points = spanned ? line.waiting.slice(-1) : line.waiting;
    if (points.length === 0 && !shown.last) return;
    line.waiting = [];
    if (shown.tool === 'laser' && this.busy() && !shown.last) return; // it is gone by the time it would be seen
    this.send({ kind: 'draw', canvas: shown.canvas, mark: shown.mark, tool: shown.tool, last: shown.last, points, text: shown.text });
  }
}
