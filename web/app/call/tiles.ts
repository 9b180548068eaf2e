/** From people and wishes to tiles with places. Pure; Stage.tsx draws the result. */
import type { Participant, PictureSource, Tile as Wish } from '../../sdk';
import { arrangeFocus, arrangeGrid, bestGrid, gap, place, type Rect, type Size } from './layout';

export interface Tile { readonly key: string; readonly person: Participant; readonly source: PictureSource }
export interface Placed extends Tile { readonly rect: Rect; readonly role: 'grid' | 'focus' | 'strip' | 'float' }

export interface Scene {
  readonly tiles: readonly Placed[];
  readonly pageSize: number;
  readonly pages: number;
  /** Where the invitation goes while nobody else is here. */
  readonly card: Rect | null;
}

export interface Wishes {
  readonly view: 'grid' | 'speaker';
  readonly pinned: string | null;
  readonly page: number;
  readonly showSelf: boolean;
  /** Who holds the floor, or held it last. */
  readonly floor: string | null;
  /** The others are in another breakout room, so that nobody needs to be invited. */
  readonly apart?: boolean;
  /** Keys of tiles whose picture is taller than wide. */
  readonly portrait: ReadonlySet<string>;
}

function tileKey(id: string, source: PictureSource): string {
  return `${id}:${source}`;
}

function tileOf(person: Participant, source: PictureSource): Tile {
  return { key: tileKey(person.id, source), person, source };
}

const cardWidth = 384;
const cardHeight = 330;

function alone(area: Size, self: Tile | undefined, apart: boolean): Scene {
  const whole = { x: 0, y: 0, ...area };
  if (apart) {
    const tiles: Placed[] = self ? [{ ...self, rect: place(area, bestGrid(area, 1), 1)[0]!, role: 'grid' }] : [];
    return { tiles, pageSize: 1, pages: 1, card: null };
  }
  if (!self) return { tiles: [], pageSize: 1, pages: 1, card: whole };
  if (area.width >= 800) {
    const main = { width: area.width - cardWidth - gap, height: area.height };
    const rect = place(main, bestGrid(main, 1), 1)[0]!;
    return { tiles: [{ ...self, rect, role: 'grid' }], pageSize: 1, pages: 1, card: { x: main.width + gap, y: 0, width: cardWidth, height: area.height } };
  }
  const main = { width: area.width, height: Math.max(120, Math.min(area.width * 0.75, area.height - cardHeight - gap)) };
  const rect = { ...place(main, bestGrid(main, 1), 1)[0]!, y: 0 };
  const top = rect.height + gap;
  return { tiles: [{ ...self, rect, role: 'grid' }], pageSize: 1, pages: 1, card: { x: 0, y: top, width: area.width, height: Math.max(0, area.height - top) } };
}

/** The narrowest cut of a wide picture that keeps a face in it. */
const slimmest = 0.62;

/** Nearly all of an upright area: a phone is not left half empty for the width of a picture. */
function tallIn(area: Size): Rect {
  const height = Math.min(area.height, Math.floor(area.width / slimmest));
  return { x: 0, y: Math.round((area.height - height) / 2), width: area.width, height };
}

/** Two people: the other one large, oneself small in their corner. */
function pair(area: Size, other: Tile, self: Tile, portrait: boolean): Scene {
  const upright = area.height > area.width;
  const whole = { x: 0, y: 0, ...area };
  const rect = portrait ? whole : upright ? tallIn(area) : place(area, bestGrid(area, 1), 1)[0]!;
  const width = Math.round(upright ? Math.min(140, area.width * 0.3) : Math.min(240, Math.max(120, area.width * 0.17)));
  const height = Math.round(upright ? (width * 4) / 3 : (width * 9) / 16);
  const inset = 12;
  const corner = { x: area.width - width - inset, y: rect.y + rect.height - height - inset, width, height };
  return {
    tiles: [{ ...other, rect, role: 'grid' }, { ...self, rect: corner, role: 'float' }],
    pageSize: 1, pages: 1, card: null,
  };
}

function focusOf(screens: Tile[], people: Tile[], wishes: Wishes): Tile[] {
  const pinned = [...screens, ...people].find((tile) => tile.key === wishes.pinned);
  if (pinned) return [pinned];
  if (screens.length > 0) return screens;
  if (wishes.view !== 'speaker') return [];
  const others = people.filter((tile) => !tile.person.self);
  const speaker = others.find((tile) => tile.person.id === wishes.floor) ?? others[0];
  return speaker ? [speaker] : [];
}

function pagesFor(count: number, pageSize: number): number {
  return Math.max(1, Math.ceil(count / Math.max(1, pageSize)));
}

/** Lays out everybody, given in the order they are to stand in. */
export function compose(area: Size, everybody: readonly Participant[], wishes: Wishes): Scene {
  const others = everybody.filter((person) => !person.self).map((person) => tileOf(person, 'camera'));
  const me = everybody.find((person) => person.self);
  const self = me && wishes.showSelf ? tileOf(me, 'camera') : undefined;
  const screens = everybody.filter((person) => person.media.screen && !person.self).map((person) => tileOf(person, 'screen'));
  if (others.length === 0) return alone(area, self, wishes.apart === true);
  const people = self ? [...others, self] : others;
  const focus = focusOf(screens, people, wishes);
  const only = others.length === 1 && self ? others[0] : undefined;
  if (only && self && screens.length === 0 && (focus.length === 0 || focus[0] === only)) {
    return pair(area, only, self, wishes.portrait.has(only.key));
  }
  const rest = [...screens, ...people].filter((tile) => !focus.includes(tile));
  const arrange = (page: number) => (focus.length > 0 ? arrangeFocus(area, focus.length, rest.length, page) : arrangeGrid(area, rest.length, page));
  const pages = pagesFor(rest.length, arrange(0).pageSize);
  const page = Math.min(wishes.page, pages - 1);
  const { focus: large, people: small, pageSize } = arrange(page);
  const shown = rest.slice(page * pageSize, page * pageSize + small.length);
  const role = focus.length > 0 ? 'strip' : 'grid';
  const tiles: Placed[] = [
    ...focus.map((tile, i) => ({ ...tile, rect: large[i]!, role: 'focus' as const })),
    ...shown.map((tile, i) => ({ ...tile, rect: small[i]!, role: role as 'strip' | 'grid' })),
  ];
  return { tiles: tiles.filter((tile) => tile.rect !== undefined), pageSize, pages, card: null };
}

/** What the server is asked for: the pictures in sight, in device pixels, our own left out. */
export function wishesFor(tiles: readonly Placed[], ratio: number): Wish[] {
  return tiles
    .filter((tile) => !tile.person.self)
    .map(({ person, source, rect }) => ({
      participant: person.id, source, width: Math.ceil(rect.width * ratio), height: Math.ceil(rect.height * ratio),
    }));
}
