import { describe, expect, it } from 'vitest';
import { person } from '../testing/fake';
import { compose, wishesFor, type Wishes } from './tiles';

const area = { width: 1424, height: 810 };
const me = person('p0', 'Me', { self: true });
const ana = person('p1', 'Ana');
const bo = person('p2', 'Bo');
const plain: Wishes = { view: 'grid', pinned: null, page: 0, showSelf: true, floor: null, portrait: new Set() };
const media = { microphone: true, camera: true, screen: true, screenAudio: false };

function crowd(n: number) {
  return Array.from({ length: n }, (_, i) => person(`p${i + 1}`, `Person ${i + 1}`));
}

describe('the scene', () => {
  it('leaves room for the invitation while nobody else is here', () => {
    const scene = compose(area, [me], plain);
    expect(scene.card).not.toBeNull();
    expect(scene.tiles.map((tile) => tile.key)).toEqual(['p0:camera']);
  });

  it('of two shows the other large and oneself small', () => {
    const [large, small] = compose(area, [ana, me], plain).tiles;
    expect([large?.key, large?.role, small?.key, small?.role]).toEqual(['p1:camera', 'grid', 'p0:camera', 'float']);
    expect(small!.rect.width).toBeLessThan(large!.rect.width / 4);
  });

  it('of three shows all in one grid, oneself last', () => {
    expect(compose(area, [me, ana, bo], plain).tiles.map((tile) => tile.key)).toEqual(['p1:camera', 'p2:camera', 'p0:camera']);
  });

  it('leaves oneself out when hidden', () => {
    expect(compose(area, [me, ana, bo], { ...plain, showSelf: false }).tiles.some((tile) => tile.person.self)).toBe(false);
  });

  it('puts every screen of others in the focus', () => {
    const scene = compose(area, [me, { ...ana, media }, { ...bo, media }], plain);
    expect(scene.tiles.filter((tile) => tile.role === 'focus').map((tile) => tile.key)).toEqual(['p1:screen', 'p2:screen']);
    expect(scene.tiles.filter((tile) => tile.role === 'strip').map((tile) => tile.key)).toEqual(['p1:camera', 'p2:camera', 'p0:camera']);
  });

  it('never shows our own screen to ourselves', () => {
    expect(compose(area, [{ ...me, media }, ana, bo], plain).tiles.some((tile) => tile.source === 'screen')).toBe(false);
  });

  it('lets a pin win over screens, and keeps the screens in the strip', () => {
    const scene = compose(area, [me, { ...ana, media }, bo], { ...plain, pinned: 'p2:camera' });
    expect(scene.tiles.filter((tile) => tile.role === 'focus').map((tile) => tile.key)).toEqual(['p2:camera']);
    expect(scene.tiles.filter((tile) => tile.role === 'strip').map((tile) => tile.key)).toContain('p1:screen');
  });

  it('forgets a pin on somebody who left', () => {
    expect(compose(area, [me, ana, bo], { ...plain, pinned: 'p9:camera' }).tiles.every((tile) => tile.role === 'grid')).toBe(true);
  });

  it('shows who holds the floor in speaker view', () => {
    const scene = compose(area, [...crowd(4), me], { ...plain, view: 'speaker', floor: 'p3' });
    expect(scene.tiles.find((tile) => tile.role === 'focus')?.key).toBe('p3:camera');
  });

  it('shows each person on exactly one page', () => {
    const people = [...crowd(150), me];
    const { pages } = compose(area, people, plain);
    expect(pages).toBeGreaterThan(1);
    const keys = Array.from({ length: pages }, (_, page) => compose(area, people, { ...plain, page }).tiles.map((tile) => tile.key)).flat();
    expect(keys).toHaveLength(151);
    expect(new Set(keys).size).toBe(151);
  });

  it('stays on the last page when people left', () => {
    expect(compose(area, [...crowd(3), me], { ...plain, page: 7 }).tiles).toHaveLength(4);
  });
});

describe('what the server is asked for', () => {
  it('is what is in sight in device pixels, rounded up, without ourselves', () => {
    const { tiles } = compose(area, [me, ana, bo], plain);
    const wishes = wishesFor(tiles, 1.5);
    expect(wishes.map((wish) => wish.participant)).toEqual(['p1', 'p2']);
    expect(wishes[0]).toEqual({ participant: 'p1', source: 'camera', width: Math.ceil(tiles[0]!.rect.width * 1.5), height: Math.ceil(tiles[0]!.rect.height * 1.5) });
  });

  it('names screens before people', () => {
    const wishes = wishesFor(compose(area, [me, ana, { ...bo, media }], plain).tiles, 1);
    expect(wishes[0]).toMatchObject({ participant: 'p2', source: 'screen' });
  });
});
