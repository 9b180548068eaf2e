/** All of drawing in one call: what is drawn, what we draw, and with which tool. */
import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import type { DrawingCanvas } from '../../sdk';
import { attempt } from '../call/actions';
import { isWriting } from '../call/shortcuts';
import type { CallState } from '../call/state';
import { toast } from '../call/toasts';
import { t, type PlainKey } from '../language';
import { may } from '../permissions';
import { preferences } from '../preferences';
import { announce } from '../ui/announce';
import { Channel } from './channel';
import { fading, type Spot } from './paint';
import { Sketch, type Change, type Mark } from './sketch';
import { Strokes } from './strokes';
import type { Point, Refusal, ServerRecord, StampName, Tool } from './wire';

/** What somebody holds: a tool, or the rubber. */
export type Held = Tool | 'rubber';

const refusals: Record<Refusal, PlainKey> = { forbidden: 'drawing.refused.forbidden', full: 'drawing.refused.full', busy: 'drawing.refused.busy' };

/** Somebody is said to point or draw again after being still for so long, in milliseconds. */
const silence = 8000;

export class Drawing {
  readonly sketch = new Sketch();
  readonly strokes: Strokes;
  /** What we hold, and over which canvas; null while we do not draw. */
  readonly held = signal<{ canvas: number; tool: Held } | null>(null);
  readonly stamp = signal<StampName>('check');
  readonly canvases: ReadonlySignal<readonly DrawingCanvas[]>;
  /** The trails of lasers, by author; ours is 0. */
  readonly trails = new Map<number, { canvas: number; spots: Spot[] }>();
  private readonly channel: Channel;
  private readonly painters = new Set<(change: Change) => void>();
  private readonly easels = new Map<number, { focus: () => void }>();
  private readonly spoken = new Map<string, number>();
  private before: Held = 'pen';
  /** A whole drawing is being told. */
  private retold = false;
  private users = 0;
  private readonly unkeep: () => void;

  constructor(readonly call: CallState) {
    const { meeting } = call;
    const told = meeting.topic('drawings');
    this.canvases = computed(() => told.value?.canvases ?? []);
    const wanted = computed(() => this.held.value !== null || this.canvases.value.some((canvas) => canvas.used));
    this.channel = new Channel(meeting, wanted, (records) => this.heard(records));
    this.strokes = new Strokes(
      (record) => this.channel.send(record), () => this.channel.busy, () => this.sketch.newest, (mark) => this.ours(mark),
    );
    // The pen falls when the share ends, or when one may no longer draw on it.
    this.unkeep = effect(() => {
      const { value } = this.held;
      const canvas = value && this.canvases.value.find((c) => c.canvas === value.canvas);
      if (value && (!canvas || !this.mayDraw(canvas))) this.put();
    });
  }

  /** use counts who shows drawings; with the first the keys are heard. */
  use(): () => void {
    if (this.users++ === 0) document.addEventListener('keydown', this.key);
    return () => {
      if (--this.users > 0) return;
      document.removeEventListener('keydown', this.key);
      this.put();
    };
  }

  /** close lets go of everything: the call is over. */
  close(): void {
    this.unkeep();
    this.channel.close();
    this.strokes.drop();
  }

  onChange(paint: (change: Change) => void): () => void {
    this.painters.add(paint);
    return () => this.painters.delete(paint);
  }

  /** stand says that a canvas is in sight; the last one told is the first that keys take. */
  stand(canvas: number, focus: () => void): () => void {
    this.easels.set(canvas, { focus });
    return () => this.easels.delete(canvas);
  }

  canvasOf(participant: string): DrawingCanvas | undefined {
    return this.canvases.value.find((canvas) => canvas.participant === participant);
  }

  mine(canvas: DrawingCanvas): boolean {
    return canvas.participant === this.call.meeting.self.value?.id;
  }

  mayDraw(canvas: DrawingCanvas): boolean {
    const self = this.call.meeting.self.value?.id ?? '';
    const named = canvas.rule === 'named' && (canvas.people ?? []).includes(self);
    return may(this.call.meeting, 'draw') && (this.mine(canvas) || canvas.rule === 'everyone' || named);
  }

  mayGovern(canvas: DrawingCanvas): boolean {
    return this.mine(canvas) || may(this.call.meeting, 'moderate');
  }

  /** take takes a tool up over a canvas. */
  take(canvas: number, tool: Held = this.before): void {
    this.strokes.end(performance.now());
    this.before = tool;
    this.held.value = { canvas, tool };
  }

  /** put puts it down. */
  put(): void {
    this.strokes.end(performance.now());
    this.held.value = null;
  }

  undo(canvas: number): void {
    this.channel.send({ kind: 'undo', canvas });
  }

  erase(mark: Mark): void {
    this.channel.send({ kind: 'erase', canvas: mark.canvas, author: mark.author, mark: mark.mark });
  }

  clear(canvas: DrawingCanvas): void {
    attempt(this.call, this.call.meeting.command('draw-clear', { participant: canvas.participant }));
  }

  allow(canvas: DrawingCanvas, rule: DrawingCanvas['rule'], people: string[] = []): void {
    attempt(this.call, this.call.meeting.command('draw-allow', { participant: canvas.participant, rule, ...(rule === 'named' ? { people } : {}) }));
  }

  nameOf(author: number): string {
    const known = this.sketch.authors.get(author);
    return this.call.meeting.participants.peek().find((person) => person.id === known?.participant)?.name ?? known?.name ?? '';
  }

  colour(author: number): number {
    return this.sketch.authors.get(author || this.sketch.me)?.colour ?? 0;
  }

  /** A new point of a trail; the old ones go. */
  private trail(author: number, canvas: number, points: readonly Point[], now: number): void {
    const known = this.trails.get(author);
    const spots = known?.canvas === canvas ? known.spots.filter((spot) => now - spot.at < fading) : [];
    const gap = points.length > 1 ? 30 : 0;
    points.forEach(([x, y], i) => spots.push({ x, y, at: now - (points.length - 1 - i) * gap }));
    this.trails.set(author, { canvas, spots });
  }

  private ours(mark: Mark): void {
    if (mark.tool === 'laser') this.trail(0, mark.canvas, mark.last ? [] : mark.points, performance.now());
    this.paint({ what: 'drawn', mark });
  }

  private paint(change: Change): void {
    for (const paint of this.painters) paint(change);
  }

  private heard(records: ServerRecord[]): void {
    const now = performance.now();
    for (const record of records) {
      const change = this.sketch.apply(record, now);
      if (record.kind === 'forget') this.retold = true;
      if (record.kind === 'whole') this.retold = false;
      if (!change || (this.retold && change.what === 'drawn')) continue; // nobody draws that now
      if (change.what === 'refused') this.refused(change.mark, change.why);
      if (change.what === 'drawn') this.drawn(change.mark, record.kind === 'mark' ? record.points : [], now);
      this.paint(change);
    }
    this.strokes.tidy(now);
  }

  private drawn(mark: Mark, points: readonly Point[], now: number): void {
    if (mark.author === this.sketch.me) {
      if (mark.last) this.strokes.settle(mark.mark);
      return;
    }
    if (mark.tool === 'laser') this.trail(mark.author, mark.canvas, points, now);
    const deed = mark.tool === 'laser' ? 'drawing.points' : 'drawing.draws';
    const key = `${deed} ${mark.author}`;
    const last = this.spoken.get(key) ?? -Infinity;
    this.spoken.set(key, now);
    if (now - last > silence) announce(t(deed, { name: this.nameOf(mark.author) }));
  }

  private refused(mark: number, why: Refusal): void {
    this.strokes.settle(mark);
    this.paint({ what: 'all' });
    toast(this.call, t(refusals[why]), 'urgent');
  }

  /** Where the keys draw: where one draws already, else the first share in sight that one may draw on. */
  private target(): number | undefined {
    const { held } = this;
    if (held.peek()) return held.peek()?.canvas;
    return [...this.easels.keys()].find((number) => this.canvases.peek().some((canvas) => canvas.canvas === number && this.mayDraw(canvas)));
  }

  private readonly key = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.repeat || event.altKey || document.querySelector('dialog[open]') || isWriting(document.activeElement)) return;
    const name = event.key.toLowerCase();
    const held = this.held.peek();
    if (held && (event.ctrlKey || event.metaKey) && name === 'z') this.undo(held.canvas);
    else if (held && name === 'escape') this.put();
    else if (!event.ctrlKey && !event.metaKey && preferences.keys.peek() && (name === 'a' || name === 'l')) {
      const canvas = this.target();
      if (canvas === undefined) return;
      this.take(canvas, name === 'l' ? 'laser' : this.before === 'laser' ? 'pen' : this.before);
      this.easels.get(canvas)?.focus();
    } else return;
    event.preventDefault();
  };
}

const drawings = new WeakMap<CallState, Drawing>();

/** drawingOf is the one there is for a call. */
export function drawingOf(call: CallState): Drawing {
  const known = drawings.get(call) ?? new Drawing(call);
  drawings.set(call, known);
  return known;
}
