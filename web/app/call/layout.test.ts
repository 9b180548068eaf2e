import { describe, expect, it } from 'vitest';
import { arrangeFocus, arrangeGrid, bestGrid, gap, narrowest, place, type Rect, type Size } from './layout';

const areas: [string, Size][] = [
  ['wide desktop', { width: 1904, height: 884 }],
  ['laptop', { width: 1424, height: 810 }],
  ['tablet upright', { width: 752, height: 930 }],
  ['phone', { width: 374, height: 760 }],
  ['phone on its side', { width: 828, height: 300 }],
  ['side bar of a chat', { width: 304, height: 560 }],
  ['floating window', { width: 404, height: 220 }],
];
const counts = Array.from({ length: 60 }, (_, i) => i + 1);

function inside(rect: Rect, area: Size): boolean {
  return rect.x >= -1 && rect.y >= -1 && rect.x + rect.width <= area.width + 1 && rect.y + rect.height <= area.height + 1;
}

function apart(rects: readonly Rect[]): boolean {
  return rects.every((a, i) => rects.slice(i + 1).every((b) =>
    a.x + a.width <= b.x + 1 || b.x + b.width <= a.x + 1 || a.y + a.height <= b.y + 1 || b.y + b.height <= a.y + 1));
}

function surface(rects: readonly Rect[]): number {
  return rects.reduce((sum, rect) => sum + rect.width * rect.height, 0);
}

describe.each(areas)('people alone on a %s', (_, area) => {
  it('stay on the stage and do not touch, however many they are', () => {
    for (const count of counts) {
      const { people, pageSize } = arrangeGrid(area, count);
      expect(people).toHaveLength(Math.min(count, pageSize));
      expect(people.every((rect) => inside(rect, area))).toBe(true);
      expect(apart(people)).toBe(true);
    }
  });

  it('are all of one size, on every page', () => {
    for (const count of counts) {
      const { pageSize } = arrangeGrid(area, count);
      const sizes = new Set<string>();
      for (let page = 0; page * pageSize < count; page += 1) arrangeGrid(area, count, page).people.forEach((rect) => sizes.add(`${rect.width}x${rect.height}`));
      expect(sizes.size).toBe(1);
    }
  });

  it('go to further pages before a tile is narrower than 120 px', () => {
    for (const count of counts) {
      const { people, pageSize } = arrangeGrid(area, count);
      if (pageSize > 1) expect(people[0]?.width).toBeGreaterThanOrEqual(narrowest);
      if (pageSize < count) expect(bestGrid(area, pageSize + 1).width).toBeLessThan(narrowest);
    }
  });

  it('get the largest 16:9 tiles any number of columns allows', () => {
    for (const count of counts) {
      const best = bestGrid(area, count, false);
      for (let columns = 1; columns <= count; columns += 1) {
        const rows = Math.ceil(count / columns);
        const width = Math.min((area.width - gap * (columns - 1)) / columns, (((area.height - gap * (rows - 1)) / rows) * 16) / 9);
        expect(best.width).toBeGreaterThanOrEqual(Math.floor(width));
      }
    }
  });

  it('are cropped only when that shows at least 15 % more', () => {
    for (const count of counts) {
      const plain = bestGrid(area, count, false);
      const cropped = bestGrid(area, count);
      if (Math.abs(cropped.width / cropped.height - 16 / 9) > 0.05) {
        expect(cropped.width * cropped.height).toBeGreaterThanOrEqual(plain.width * plain.height * 1.1);
      }
    }
  });
});

describe.each(areas)('a shared screen on a %s', (_, area) => {
  it('gets at least 70 % of the stage, with people beside it', () => {
    for (const count of counts) {
      for (const screens of [1, 2, 3]) {
        const { focus, people } = arrangeFocus(area, screens, count);
        expect(surface(focus) / (area.width * area.height)).toBeGreaterThan(screens > 1 ? 0.66 : 0.7);
        expect(people.length).toBeGreaterThan(0);
        expect([...focus, ...people].every((rect) => inside(rect, area))).toBe(true);
        expect(apart([...focus, ...people])).toBe(true);
      }
    }
  });

  it('has the whole stage when nobody else is shown', () => {
    const { focus, people } = arrangeFocus(area, 1, 0);
    expect(focus).toEqual([{ x: 0, y: 0, width: area.width, height: area.height }]);
    expect(people).toEqual([]);
  });

  it('shows everybody over its pages', () => {
    for (const count of counts) {
      const { pageSize } = arrangeFocus(area, 1, count);
      let seen = 0;
      for (let page = 0; page * pageSize < count; page += 1) seen += arrangeFocus(area, 1, count, page).people.length;
      expect(seen).toBe(count);
    }
  });
});

describe('the strip', () => {
  it.each([
    ['beside on a wide stage', { width: 1500, height: 700 }, true],
    ['below on an upright one', { width: 400, height: 760 }, false],
    ['below where a wide picture has room above', { width: 1080, height: 810 }, false],
  ])('stands %s', (_, area, right) => {
    const { focus } = arrangeFocus(area, 1, 4);
    expect((focus[0]?.width ?? 0) < area.width).toBe(right);
  });
});

it('shows six people under a screen on a phone, in two rows, all of one size', () => {
  const { people, pageSize } = arrangeFocus({ width: 374, height: 760 }, 1, 6);
  expect(pageSize).toBe(6);
  expect(new Set(people.map(({ y }) => y)).size).toBe(2);
  expect(new Set(people.map(({ width }) => width)).size).toBe(1);
  expect(people[0]!.width).toBeGreaterThanOrEqual(104);
});

it('centres the last row', () => {
  const area = { width: 1000, height: 600 };
  const rects = place(area, bestGrid(area, 5), 5);
  const last = rects.slice(3);
  const left = last[0]!.x;
  const right = area.width - (last[1]!.x + last[1]!.width);
  expect(Math.abs(left - right)).toBeLessThanOrEqual(1);
});

it('shows nothing on a stage without size', () => {
  expect(arrangeGrid({ width: 0, height: 0 }, 3).people).toEqual([]);
  expect(arrangeFocus({ width: 0, height: 10 }, 1, 3).focus).toEqual([]);
});
