import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { DrawingCanvas } from '../../sdk';
import { t } from '../language';
import type { Drawing, Held } from './drawing';
import { touched } from './hit';
import { colourOf, textHeight } from './paint';
import { Painter } from './painter';
import { contained, placed, relative, type Size } from './shape';
import type { Point, Tool } from './wire';

/** The pointer of the keyboard moves by this part of the picture, and by more with Shift. */
const step = 0.01;
const stride = 0.06;
const most = 65535;
const arrows: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

interface Props { drawing: Drawing; canvas: DrawingCanvas; picture: Size; box: Size }

/** What a place in the window is on the picture. */
function pointOf(element: HTMLElement, event: { clientX: number; clientY: number }): Point {
  const rect = element.getBoundingClientRect();
  return relative(event.clientX - rect.left, event.clientY - rect.top, rect);
}

/** The line of text under the cursor. */
function Writing({ at, size, colour, onDone }: { at: Point; size: Size; colour: string; onDone: (text: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  const said = useRef(false);
  useLayoutEffect(() => field.current?.focus(), []); // before the next key, which would be a shortcut
  const done = (text: string) => {
    if (said.current) return;
    said.current = true;
    onDone(text.trim());
  };
  const [x, y] = placed(at, size);
  const key = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === 'Enter') done(field.current?.value ?? '');
    if (event.key === 'Escape') done('');
  };
  return (
    <input
      ref={field} class="drawing-text" aria-label={t('drawing.write')} maxLength={60} onKeyDown={key}
      onPointerDown={(event) => event.stopPropagation()} onBlur={() => done(field.current?.value ?? '')}
      style={{ left: `${Math.min(x, size.width - 120)}px`, top: `${y}px`, fontSize: `${textHeight(size)}px`, color: colour }}
    />
  );
}

/** A drawing over its picture, and what draws on it. It lies exactly where the picture is within its box. */
export function Surface({ drawing, canvas, picture, box }: Props) {
  const layer = useRef<HTMLDivElement>(null);
  const lower = useRef<HTMLCanvasElement>(null);
  const upper = useRef<HTMLCanvasElement>(null);
  const painter = useRef<Painter | null>(null);
  const cursor = useSignal<Point | null>(null);
  const writing = useSignal<Point | null>(null);
  const lowered = useRef(false);
  const rect = contained(picture, box);
  const held = drawing.held.value?.canvas === canvas.canvas ? drawing.held.value.tool : null;

  useEffect(() => {
    if (!lower.current || !upper.current) return undefined;
    const made = new Painter(drawing, canvas.canvas, lower.current, upper.current);
    painter.current = made;
    return () => made.close();
  }, [canvas.canvas]);
  useEffect(() => painter.current?.resize({ width: rect.width, height: rect.height }), [rect.width, rect.height, canvas.canvas]);
  useEffect(() => drawing.stand(canvas.canvas, () => requestAnimationFrame(() => {
    if (!writing.peek()) layer.current?.focus({ preventScroll: true }); // who writes by now goes on
  })), [canvas.canvas]);
  useLayoutEffect(() => { // before a tool that was just taken can touch the picture
    writing.value = null;
    lowered.current = false;
    if (!held) cursor.value = null;
  }, [held]);

  const put = (tool: Held, at: Point) => {
    const now = performance.now();
    if (tool === 'rubber') {
      const size = { width: rect.width, height: rect.height };
      const all = drawing.mayGovern(canvas);
      const mark = touched(drawing.sketch.canvases.get(canvas.canvas) ?? [], placed(at, size), size, (m) => all || m.author === drawing.sketch.me);
      if (mark) drawing.erase(mark);
    } else if (tool === 'text') writing.value = at;
    else drawing.strokes.begin(canvas.canvas, tool, at, now, tool === 'stamp' ? drawing.stamp.peek() : '');
  };
  const written = (text: string) => {
    const at = writing.value;
    writing.value = null;
    if (at && text) drawing.strokes.begin(canvas.canvas, 'text', at, performance.now(), text);
    layer.current?.focus({ preventScroll: true });
  };
  const down = (event: PointerEvent) => {
    if (!held || event.button !== 0 || !event.isPrimary || !layer.current) return;
    event.preventDefault();
    if (writing.value) return (document.activeElement as HTMLElement | null)?.blur();
    layer.current.focus({ preventScroll: true });
    cursor.value = null;
    layer.current.setPointerCapture(event.pointerId);
    lowered.current = true;
    put(held, pointOf(layer.current, event));
  };
  const move = (event: PointerEvent) => {
    if (!held || !event.isPrimary || !layer.current) return;
    if (held === 'laser' && event.pointerType === 'mouse' && !lowered.current) {
      lowered.current = true; // a laser is on while its holder hovers
      put(held, pointOf(layer.current, event));
      return;
    }
    if (!lowered.current) return;
    if (held === 'rubber') return put(held, pointOf(layer.current, event));
    const all = event.getCoalescedEvents?.() ?? [];
    for (const one of all.length > 0 ? all : [event]) drawing.strokes.move(pointOf(layer.current, one), one.timeStamp);
  };
  const up = (event?: PointerEvent) => {
    if (!lowered.current) return;
    lowered.current = false;
    // Where it is lifted is where the mark ends, also when no move has told of that.
    if (event?.type === 'pointerup' && event.isPrimary && held !== 'rubber' && layer.current) drawing.strokes.move(pointOf(layer.current, event), event.timeStamp);
    drawing.strokes.end(performance.now());
  };
  const key = (event: KeyboardEvent) => {
    const way = arrows[event.key];
    const enter = event.key === 'Enter' || event.key === ' ';
    if (!held || event.ctrlKey || event.metaKey || event.altKey || !(way || enter)) return;
    event.preventDefault();
    event.stopPropagation();
    const at = cursor.value ?? [most / 2, most / 2];
    if (way) point(held, at, way, event.shiftKey);
    else press(held, at);
  };
  const point = (tool: Held, [x, y]: Point, [dx, dy]: readonly [number, number], far: boolean) => {
    const by = (far ? stride : step) * most;
    const bounded = (value: number) => Math.round(Math.max(0, Math.min(most, value)));
    const to: Point = [bounded(x + dx * by), bounded(y + dy * by * (rect.width / Math.max(1, rect.height)))];
    cursor.value = to;
    if (tool === 'laser' && !lowered.current) {
      lowered.current = true;
      put(tool, to);
    } else if (lowered.current) drawing.strokes.move(to, performance.now());
  };
  const press = (tool: Held, at: Point) => {
    cursor.value = at;
    const held = (['pen', 'arrow', 'box'] as readonly (Tool | 'rubber')[]).includes(tool);
    if (lowered.current) up();
    else {
      lowered.current = held;
      put(tool, at);
    }
  };

  const size = { width: rect.width, height: rect.height };
  const place = { left: `${rect.x}px`, top: `${rect.y}px`, width: `${rect.width}px`, height: `${rect.height}px` };
  const name = drawing.call.meeting.participants.value.find((person) => person.id === canvas.participant)?.name ?? '';
  const label = drawing.mine(canvas) ? t('drawing.surfaceOwn') : t('drawing.surface', { name });
  const [cx, cy] = cursor.value ? placed(cursor.value, size) : [0, 0];
  return (
    <div
      ref={layer} class="drawing" data-canvas={canvas.canvas} data-held={held ?? undefined} style={place}
      role={held ? 'application' : undefined} aria-label={held ? label : undefined} tabIndex={held ? 0 : undefined}
      onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up} onPointerLeave={() => held === 'laser' && up()} onKeyDown={key} onBlur={() => held === 'laser' && up()}
    >
      <canvas ref={lower} aria-hidden="true" />
      <canvas ref={upper} class="drawing-upper" aria-hidden="true" />
      {held && cursor.value && <span class="drawing-cursor" aria-hidden="true" style={{ left: `${cx}px`, top: `${cy}px`, color: colourOf(drawing.colour(0)) }} />}
      {writing.value && <Writing at={writing.value} size={size} colour={colourOf(drawing.colour(0))} onDone={written} />}
    </div>
  );
}
