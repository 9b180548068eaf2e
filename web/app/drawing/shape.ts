/** Where things are: the picture in its box, points on the picture, lines through points. Pure. */
import type { Point } from './wire';

export interface Size { readonly width: number; readonly height: number }
export interface Rect extends Size { readonly x: number; readonly y: number }

/** contained is where a picture is drawn in a box with object-fit: contain. */
export function contained(picture: Size, box: Size): Rect {
  if (picture.width <= 0 || picture.height <= 0 || box.width <= 0 || box.height <= 0) return { x: 0, y: 0, width: 0, height: 0 };
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  return { x: (box.width - width) / 2, y: (box.height - height) / 2, width, height };
}

/** The largest coordinate. */
const most = 65535;

/** relative is a place in pixels of the drawn picture as one of the picture itself. */
export function relative(x: number, y: number, size: Size): Point {
  const part = (value: number, whole: number): number => Math.round(Math.min(1, Math.max(0, whole > 0 ? value / whole : 0)) * most);
  return [part(x, size.width), part(y, size.height)];
}

/** placed is the way back. */
export function placed([x, y]: Point, size: Size): [x: number, y: number] {
  return [(x / most) * size.width, (y / most) * size.height];
}

/** Whoever draws with it; a Path2D or a 2D context. */
export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  bezierCurveTo(ax: number, ay: number, bx: number, by: number, x: number, y: number): void;
}

/**
 * curve draws a smooth line through all points: each piece leaves and arrives
 * in the direction of its neighbours (Catmull–Rom, as Bézier curves).
 */
export function curve(pen: Pen, points: readonly (readonly [number, number])[]): void {
  const [first] = points;
  if (!first) return;
  pen.moveTo(...first);
  if (points.length === 1) return pen.lineTo(first[0] + 0.01, first[1]);
  const at = (i: number): readonly [number, number] => points[Math.min(points.length - 1, Math.max(0, i))]!;
  for (let i = 0; i + 1 < points.length; i++) {
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    pen.bezierCurveTo(b[0] + (c[0] - a[0]) / 6, b[1] + (c[1] - a[1]) / 6, c[0] - (d[0] - b[0]) / 6, c[1] - (d[1] - b[1]) / 6, c[0], c[1]);
  }
}
