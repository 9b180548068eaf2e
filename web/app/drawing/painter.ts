/**
 * Painter shows one canvas of a drawing in two layers, so that a frame costs
 * what changed: finished marks stay where they are on the lower one; on the upper
 * one is what is still drawn, what fades, and names.
 */
import type { Drawing } from './drawing';
import { colourOf, fading, laser, mark as paintMark, name as paintName } from './paint';
import { placed, type Size } from './shape';
import type { Change, Mark } from './sketch';
import type { Point } from './wire';

/** How long a name stays beside what somebody finished, and how long it takes to go, in milliseconds. */
const named = 1500;
const going = 400;

export class Painter {
  private size: Size = { width: 0, height: 0 };
  private painted = 0;
  private stale = true;
  private frame = 0;
  /** Where somebody drew last, and when. */
  private readonly busy = new Map<number, { at: number; point: Point }>();
  private readonly stop: () => void;

  constructor(private readonly drawing: Drawing, private readonly canvas: number, private readonly lower: HTMLCanvasElement, private readonly upper: HTMLCanvasElement) {
    this.stop = drawing.onChange((change) => this.changed(change));
  }

  resize(size: Size): void {
    if (size.width === this.size.width && size.height === this.size.height) return;
    this.size = size;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    for (const layer of [this.lower, this.upper]) {
      layer.width = Math.round(size.width * ratio);
      layer.height = Math.round(size.height * ratio);
      layer.getContext('2d')?.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.stale = true;
    this.soon();
  }

  close(): void {
    this.stop();
    cancelAnimationFrame(this.frame);
  }

  private changed(change: Change): void {
    if (change.what === 'drawn') {
      if (change.mark.canvas !== this.canvas) return;
      this.note(change.mark);
    } else if (change.what === 'all' || change.canvas === this.canvas) {
      this.stale = true;
    } else {
      return;
    }
    this.soon();
  }

  private note({ author, points, at }: Mark): void {
    const point = points[points.length - 1];
    if (point && author && author !== this.drawing.sketch.me) this.busy.set(author, { at, point });
  }

  private soon(): void {
    this.frame ||= requestAnimationFrame(() => this.paint(performance.now()));
  }

  private paint(now: number): void {
    this.frame = 0;
    const [lower, upper] = [this.lower.getContext('2d'), this.upper.getContext('2d')];
    const { size } = this;
    if (!lower || !upper || size.width === 0) return;
    const { sketch, strokes } = this.drawing;
    const marks = sketch.canvases.get(this.canvas) ?? [];
    const colour = (mark: Mark): string => colourOf(this.drawing.colour(mark.author));
    const ours = (mark: Mark): boolean => mark.author === sketch.me && strokes.own.has(mark.mark);
    if (this.stale) {
      lower.clearRect(0, 0, size.width, size.height);
      this.painted = 0;
      this.stale = false;
    }
    for (let next = marks[this.painted]; next?.last && !ours(next); next = marks[++this.painted]) paintMark(lower, next, colour(next), size);
    upper.clearRect(0, 0, size.width, size.height);
    for (const mark of marks.slice(this.painted)) if (!ours(mark)) paintMark(upper, mark, colour(mark), size);
    for (const mark of strokes.own.values()) if (mark.canvas === this.canvas) paintMark(upper, mark, colour(mark), size);
    const moving = [this.lasers(upper, now), this.names(upper, now)];
    if (moving.includes(true)) this.soon();
  }

  private lasers(context: CanvasRenderingContext2D, now: number): boolean {
    let alive = false;
    for (const [author, { canvas, spots }] of this.drawing.trails) {
      const seen = spots.filter((spot) => now - spot.at < fading);
      if (canvas !== this.canvas || seen.length === 0) continue;
      laser(context, seen, colourOf(this.drawing.colour(author)), this.size, now);
      alive = true;
    }
    return alive;
  }

  private names(context: CanvasRenderingContext2D, now: number): boolean {
    for (const [author, { at, point }] of this.busy) {
      const left = named + going - (now - at);
      const name = this.drawing.nameOf(author);
      if (left <= 0) this.busy.delete(author);
      else if (name) paintName(context, name, placed(point, this.size), colourOf(this.drawing.colour(author)), this.size, left / going);
    }
    return this.busy.size > 0;
  }
}
