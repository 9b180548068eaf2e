/** Painting marks on a 2D context, in pixels of the picture as it is shown. */
import { curve, placed, type Size } from './shape';
import type { StampName, Stroke } from './wire';

/** Bright enough for dark grounds; the dark edge around each makes them stand out on light ones. */
export const palette = ['#ff6b5e', '#ffc53d', '#54c98a', '#45bdff', '#e58bff', '#ff9ecb', '#a7b4ff', '#c3e35b'] as const;
const edge = '#0e1215e6';

export function colourOf(index: number): string {
  return palette[index % palette.length] ?? palette[0];
}

/** How thick a line is: the same part of the picture for everybody, but never too thin to see. */
export function thickness(size: Size): number {
  return Math.max(2.5, Math.min(size.width, size.height * 1.6) * 0.0036);
}

type Context = CanvasRenderingContext2D;

/** The edge first, the colour on it. */
function outlined(context: Context, path: Path2D, colour: string, width: number): void {
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.strokeStyle = edge;
  context.lineWidth = width + 2.5;
  context.stroke(path);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(path);
}

/** mark paints one mark; a laser is not one. */
export function mark(context: Context, stroke: Stroke, colour: string, size: Size): void {
  const points = stroke.points.map((point) => placed(point, size));
  const [from, to] = [points[0], points[points.length - 1]];
  if (!from || !to) return;
  const width = thickness(size);
  const path = new Path2D();
  switch (stroke.tool) {
    case 'pen':
      curve(path, points);
      return outlined(context, path, colour, width);
    case 'arrow':
      arrow(path, from, to, width);
      return outlined(context, path, colour, width);
    case 'box':
      path.roundRect(Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), width);
      return outlined(context, path, colour, width);
    case 'text':
      return words(context, stroke.text, from, colour, textHeight(size));
    case 'stamp':
      return stamp(context, stroke.text as StampName, from, colour, textHeight(size) * 1.1);
    default:
  }
}

function arrow(path: Path2D, from: [number, number], to: [number, number], width: number): void {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const head = Math.min(length, 8 + width * 4);
  path.moveTo(...from);
  path.lineTo(...to);
  for (const side of [-0.5, 0.5]) {
    path.moveTo(...to);
    path.lineTo(to[0] - head * Math.cos(angle + side), to[1] - head * Math.sin(angle + side));
  }
}

/** How high letters are: readable on a phone, no larger than a heading. */
export function textHeight(size: Size): number {
  return Math.max(13, size.height * 0.034);
}

const font = (pixels: number, weight = 600): string => `${weight} ${pixels}px system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif`;

function words(context: Context, text: string, [x, y]: [number, number], colour: string, height: number): void {
  context.font = font(height);
  context.textBaseline = 'middle';
  context.lineJoin = 'round';
  context.strokeStyle = edge;
  context.lineWidth = height * 0.24;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

/** The signs, on a grid of 24 around their middle. */
const signs: Readonly<Record<StampName, string>> = {
  check: 'M5 12.8l4.5 4.4L19 7.3',
  cross: 'M6 6l12 12M18 6L6 18',
  question: 'M8.2 9a3.8 3.8 0 1 1 5.6 3.4c-1.2.7-1.8 1.4-1.8 2.9M12 19v.1',
  star: 'M12 3.5l2.6 5.5 6 .8-4.400 4.200 1.100 6L12 17.100 6.700 20l1.100-6L3.400 9.800l6-.8z',
  heart: 'M12 20S4 15.200 4 9.400A4.300 4.300 0 0 1 12 7.200a4.300 4.300 0 0 1 8 2.200C20 15.200 12 20 12 20z',
  here: 'M12 3v13M6.500 11l5.500 5.500L17.500 11M7 20.500h10',
};

export function signOf(name: StampName): string {
  return signs[name];
}

function stamp(context: Context, name: StampName, [x, y]: [number, number], colour: string, height: number): void {
  const sign = signs[name];
  if (!sign) return;
  context.save();
  context.translate(x, y);
  context.scale((height * 1.3) / 24, (height * 1.3) / 24);
  context.translate(-12, -12);
  outlined(context, new Path2D(sign), colour, 3);
  context.restore();
}

/** A point of a laser's trail, in coordinates of the picture, and when it came. */
export interface Spot { readonly x: number; readonly y: number; readonly at: number }

/** How long a laser's trail is seen, in milliseconds. */
export const fading = 2000;

/** laser paints a trail that fades from its end; the newest spot is its head. */
export function laser(context: Context, spots: readonly Spot[], colour: string, size: Size, now: number): void {
  const width = thickness(size) * 1.3;
  context.lineCap = 'round';
  for (let i = 1; i < spots.length; i++) {
    const [a, b] = [spots[i - 1]!, spots[i]!];
    const left = 1 - (now - b.at) / fading;
    if (left <= 0) continue;
    const path = new Path2D();
    path.moveTo(...placed([a.x, a.y], size));
    path.lineTo(...placed([b.x, b.y], size));
    context.globalAlpha = left;
    outlined(context, path, colour, width * (0.4 + 0.6 * left));
  }
  const head = spots[spots.length - 1];
  const left = head ? 1 - (now - head.at) / fading : 0;
  if (head && left > 0) {
    const dot = new Path2D();
    dot.arc(...placed([head.x, head.y], size), width * 0.9, 0, 2 * Math.PI);
    context.globalAlpha = Math.min(1, left * 1.5);
    outlined(context, dot, colour, width);
    context.fillStyle = '#fff';
    context.fill(dot);
  }
  context.globalAlpha = 1;
}

/** name paints whose something is, beside a place and within the picture. */
export function name(context: Context, text: string, [x, y]: [number, number], colour: string, size: Size, alpha: number): void {
  const height = 12;
  context.font = font(height);
  const width = context.measureText(text).width + 12;
  const left = x + 12 + width > size.width ? x - 12 - width : x + 12;
  const top = Math.min(size.height - height - 10, Math.max(2, y + 8));
  context.globalAlpha = Math.max(0, Math.min(1, alpha));
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(Math.max(2, left), top, width, height + 8, 6);
  context.fill();
  context.fillStyle = '#0e1215';
  context.textBaseline = 'middle';
  context.fillText(text, Math.max(2, left) + 6, top + (height + 8) / 2 + 0.5);
  context.globalAlpha = 1;
}
