import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { touched } from './hit';
import { contained, curve, placed, relative } from './shape';
import { Sketch, type Mark } from './sketch';
import { Strokes } from './strokes';
import type { ClientRecord, Point, ServerRecord } from './wire';

describe('the place of a drawing', () => {
  it('is that of the picture in its box, whichever is wider', () => {
    expect(contained({ width: 1920, height: 1080 }, { width: 800, height: 800 })).toEqual({ x: 0, y: 175, width: 800, height: 450 });
    expect(contained({ width: 500, height: 1000 }, { width: 800, height: 500 })).toEqual({ x: 275, y: 0, width: 250, height: 500 });
    expect(contained({ width: 0, height: 0 }, { width: 800, height: 500 }).width).toBe(0);
  });

  it('is the same part of the picture for everybody', () => {
    const point = relative(300, 100, { width: 400, height: 400 });
    const [x, y] = placed(point, { width: 1000, height: 500 });
    expect(x).toBeCloseTo(750, 1);
    expect(y).toBeCloseTo(125, 1);
    expect(relative(-5, 900, { width: 400, height: 400 })).toEqual([0, 65535]);
  });
});

describe('a smooth line', () => {
  it('passes through every point', () => {
    const through: [number, number][] = [];
    const pen = {
      moveTo: (x: number, y: number) => through.push([x, y]),
      lineTo: () => undefined,
      bezierCurveTo: (_a: number, _b: number, _c: number, _d: number, x: number, y: number) => through.push([x, y]),
    };
    const points: [number, number][] = [[0, 0], [10, 5], [20, -5], [30, 0]];
    curve({ ...pen, moveTo: (x, y) => void pen.moveTo(x, y), bezierCurveTo: (...all) => void pen.bezierCurveTo(...all) }, points);
    expect(through).toEqual(points);
  });
});

const mark = (author: number, number: number, points: Point[], more: Partial<ServerRecord & { kind: 'mark' }> = {}): ServerRecord =>
  ({ kind: 'mark', canvas: 1, author, mark: number, tool: 'pen', last: true, text: '', points, ...more }) as ServerRecord;

describe('what the server tells', () => {
  const told = (...records: ServerRecord[]): Sketch => {
    const sketch = new Sketch();
    for (const record of records) sketch.apply(record, 0);
    return sketch;
  };
  const canvas: ServerRecord = { kind: 'canvas', canvas: 1, participant: 'p' };

  it('adds up a pen’s points, and moves the end of an arrow', () => {
    const sketch = told(canvas, mark(1, 1, [[1, 1]], { last: false }), mark(1, 1, [[2, 2]]), mark(2, 1, [[1, 1]], { tool: 'arrow', last: false }), mark(2, 1, [[5, 5], [9, 9]], { tool: 'arrow' }));
    expect(sketch.canvases.get(1)?.map(({ points, last }) => ({ points, last }))).toEqual([{ points: [[1, 1], [2, 2]], last: true }, { points: [[1, 1], [9, 9]], last: true }]);
  });

  it('forgets what was erased, cleared, ended or told anew', () => {
    const drawn = [canvas, mark(1, 1, [[1, 1]]), mark(2, 1, [[1, 1]])];
    expect(told(...drawn, { kind: 'erased', canvas: 1, author: 1, mark: 1 }).canvases.get(1)?.map(({ author }) => author)).toEqual([2]);
    expect(told(...drawn, { kind: 'cleared', canvas: 1 }).canvases.get(1)).toEqual([]);
    expect(told(...drawn, { kind: 'ended', canvas: 1 }).canvases.has(1)).toBe(false);
    expect(told(...drawn, { kind: 'forget' }, canvas, { kind: 'whole' }).canvases.get(1)).toEqual([]);
  });

  it('gives the rubber the uppermost mark under it that may go', () => {
    const marks = told(canvas, mark(1, 1, [[0, 0], [65535, 65535]]), mark(2, 1, [[0, 32768], [65535, 32768]])).canvases.get(1) ?? [];
    const size = { width: 400, height: 400 };
    const any = (): boolean => true;
    expect(touched(marks, [200, 205], size, any)?.author).toBe(2);
    expect(touched(marks, [200, 205], size, (m: Mark) => m.author === 1)?.author).toBe(1);
    expect(touched(marks, [350, 60], size, any)).toBeUndefined();
  });
});

describe('what we draw', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const begin = (busy = false) => {
    const sent: Extract<ClientRecord, { kind: 'draw' }>[] = [];
    const strokes = new Strokes((record) => { if (record.kind === 'draw') sent.push(record); }, () => busy, () => 0, () => undefined);
    return { sent, strokes };
  };

  it('sends thirty points a second, several in a message, and its end', () => {
    const { sent, strokes } = begin();
    strokes.begin(1, 'pen', [0, 0], 0);
    for (let now = 4; now <= 1000; now += 4) {
      strokes.move([now, now], now);
      vi.advanceTimersByTime(4);
    }
    strokes.end(1000);
    const points = sent.flatMap((record) => record.points);
    expect(points.length).toBeGreaterThan(20);
    expect(points.length).toBeLessThanOrEqual(33);
    expect(sent.length).toBeLessThanOrEqual(18);
    expect(points[points.length - 1]).toEqual([1000, 1000]);
    expect(sent.map((record) => record.last)).toEqual([...Array<boolean>(sent.length - 1).fill(false), true]);
    expect(new Set(sent.map((record) => record.mark)).size).toBe(1);
  });

  it('leaves a laser’s points out while the line is full, never a pen’s', () => {
    for (const [tool, messages] of [['laser', 0], ['pen', 1]] as const) {
      const { sent, strokes } = begin(true);
      strokes.begin(1, tool, [0, 0], 0);
      expect(sent.length).toBe(messages);
    }
  });

  it('shows its own mark until the server has it whole', () => {
    const { strokes } = begin();
    strokes.begin(1, 'stamp', [5, 5], 0, 'star');
    const [number] = [...strokes.own.keys()];
    expect(strokes.own.get(number!)?.last).toBe(true);
    strokes.settle(number!);
    expect(strokes.own.size).toBe(0);
  });
});
