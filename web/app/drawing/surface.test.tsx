// @vitest-environment happy-dom
import { signal } from '@preact/signals';
import { options, render } from 'preact';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DrawingCanvas } from '../../sdk';
import type { Drawing } from './drawing';
import { Surface } from './Surface';

vi.mock('./painter', () => ({ Painter: class { resize() {} close() {} } }));

const later = options.requestAnimationFrame;
let root: HTMLElement;
let effects: (() => void)[];
let focus: () => void;
let marks: string[];
const held = signal<{ canvas: number; tool: string } | null>(null);

/** A drawing of which only the surface is real. */
const drawing = {
  held,
  call: { meeting: { participants: signal([]) } },
  strokes: { begin: (_: number, tool: string) => marks.push(`begin ${tool}`), move: () => marks.push('move'), end: () => marks.push('end') },
  stand: (_: number, take: () => void) => { focus = take; return () => undefined; },
  mine: () => false,
  colour: () => 0,
} as unknown as Drawing;

beforeEach(() => {
  root = document.body.appendChild(document.createElement('div'));
  root.setPointerCapture = () => undefined;
  effects = [];
  marks = [];
  held.value = null;
  // A busy browser: what waits for the next picture waits until a test says so.
  options.requestAnimationFrame = (run) => { effects.push(run); };
  vi.spyOn(globalThis, 'requestAnimationFrame').mockImplementation((run) => { effects.push(() => run(0)); return 1; });
  render(<Surface drawing={drawing} canvas={{ canvas: 1, participant: 'p1' } as DrawingCanvas} picture={{ width: 160, height: 90 }} box={{ width: 800, height: 450 }} />, root);
  draw();
});

afterEach(() => {
  render(null, root);
  root.remove();
  vi.restoreAllMocks();
  if (later) options.requestAnimationFrame = later;
  else delete options.requestAnimationFrame;
});

/** draw lets the browser come to its next picture. */
function draw(): void {
  for (const run of effects.splice(0)) run();
}

async function take(tool: string): Promise<HTMLElement> {
  held.value = { canvas: 1, tool };
  focus();
  await vi.waitFor(() => expect(root.querySelector(`.drawing[data-held="${tool}"]`)).not.toBeNull());
  const layer = root.querySelector<HTMLElement>('.drawing')!;
  layer.setPointerCapture = () => undefined;
  return layer;
}

const pointer = (layer: HTMLElement, type: string) => layer.dispatchEvent(Object.assign(new Event(type, { bubbles: true }), { button: 0, isPrimary: true, pointerId: 1, pointerType: 'mouse', clientX: 10, clientY: 10 }));

describe('a tool that was just taken, on a busy browser', () => {
  it('draws its mark to the end', async () => {
    const layer = await take('box');
    pointer(layer, 'pointerdown');
    draw();
    pointer(layer, 'pointermove');
    pointer(layer, 'pointerup');
    expect(marks).toEqual(['begin box', 'move', 'move', 'end']);
  });

  it('keeps the text field open, and in focus', async () => {
    const layer = await take('text');
    pointer(layer, 'pointerdown');
    await vi.waitFor(() => expect(root.querySelector('.drawing-text')).not.toBeNull());
    draw();
    await Promise.resolve();
    expect(document.activeElement?.classList.contains('drawing-text')).toBe(true);
  });
});
