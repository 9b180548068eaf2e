import type { Incoming } from './model';
import type { Tile } from './protocol';

/** How many person seats an offer may hold: few steps, so few renegotiations. */
export const seatSteps: readonly number[] = [4, 9, 16, 25, 49];
/** How many stages, likewise. */
export const stageSteps: readonly number[] = [1, 2, 4];
/** Lines for the loudest people without a seat. */
export const voices = 5;

/** Room is a number of seats and stages. */
export interface Room {
  seats: number;
  stages: number;
}

/** fit is the smallest step that holds n, or the largest there is. */
export function fit(steps: readonly number[], n: number): number {
  return steps.find((step) => step >= n) ?? steps[steps.length - 1] ?? n;
}

/** roomFor is the room these tiles need; it never shrinks below what there is. */
export function roomFor(tiles: readonly Tile[], now: Room): Room {
  const count = (source: Tile['source']): number => tiles.filter((t) => t.source === source).length;
  return {
    seats: Math.max(now.seats, fit(seatSteps, count('camera'))),
    stages: Math.max(now.stages, fit(stageSteps, count('screen'))),
  };
}

/** clean makes tiles fit to be sent: others only, each once, whole pixels, at most max. */
export function clean(tiles: readonly Tile[], self: string, max: number): Tile[] {
  const seen = new Set<string>();
  const fresh = (t: Tile): boolean => {
    const key = `${t.source} ${t.participant}`;
    if (t.participant === self || seen.has(key)) return false;
    seen.add(key);
    return true;
  };
  const whole = (n: number): number => Math.max(0, Math.ceil(Number.isFinite(n) ? n : 0));
  return tiles
    .filter(fresh)
    .slice(0, max)
    .map((t) => ({ ...t, width: whole(t.width), height: whole(t.height) }));
}

/** What a screen nobody sees just now is asked for: small, but there, so that it is sharp again in a moment. */
const glimpse = { width: 320, height: 180 };

/** lessened takes out of tiles what the person does not want to see, and what a hidden page cannot show. Everybody keeps their seat. */
export function lessened(tiles: readonly Tile[], incoming: Incoming, hidden: boolean): Tile[] {
  return tiles.map((tile) => {
    const wanted = incoming === 'all' || (incoming === 'screens' && tile.source === 'screen');
    if (!wanted || (hidden && tile.source !== 'screen')) return { ...tile, width: 0, height: 0 };
    if (!hidden) return tile;
    return { ...tile, width: Math.min(tile.width, glimpse.width), height: Math.min(tile.height, glimpse.height) };
  });
}
