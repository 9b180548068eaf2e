/** Which mark is under the rubber. Pure. */
import { placed, type Size } from './shape';
import type { Mark } from './sketch';

/** How near is near enough, in pixels: a finger's tip. */
const reach = 14;

type Spot = readonly [number, number];

function fromSegment(p: Spot, a: Spot, b: Spot): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const along = dx === 0 && dy === 0 ? 0 : Math.max(0, Math.min(1, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(p[0] - a[0] - along * dx, p[1] - a[1] - along * dy);
}

/** How far a mark is from a place, in pixels. */
function distance(mark: Mark, p: Spot, size: Size): number {
  const points = mark.points.map((point) => placed(point, size));
  const [a, b] = [points[0], points[points.length - 1]];
  if (!a || !b) return Infinity;
  if (mark.tool === 'text') return fromSegment(p, a, [a[0] + mark.text.length * size.height * 0.018, a[1]]);
  const corners: Spot[] = mark.tool === 'box' ? [a, [b[0], a[1]], b, [a[0], b[1]], a] : points;
  if (corners.length === 1) return fromSegment(p, a, a);
  return Math.min(...corners.slice(1).map((corner, i) => fromSegment(p, corners[i]!, corner)));
}

/** touched is the mark a rubber takes: the uppermost one near enough, of those that may be taken. */
export function touched(marks: readonly Mark[], place: Spot, size: Size, allowed: (mark: Mark) => boolean): Mark | undefined {
  return marks.findLast((mark) => allowed(mark) && distance(mark, place, size) <= reach);
}
