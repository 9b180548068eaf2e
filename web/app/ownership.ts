/**
 * What opens rooms for this browser: the tokens of rooms that were started here,
 * kept for good, and passwords typed in this tab, kept while it is open.
 */
import { memory } from './memory';

interface Owned { readonly room: string; readonly token: string }

/** So many rooms are remembered as one's own. */
const keep = 30;

function isOwned(value: unknown): value is Owned {
  const { room, token } = (value ?? {}) as Partial<Owned>;
  return typeof room === 'string' && typeof token === 'string';
}

function owned(): Owned[] {
  try {
    const known: unknown = JSON.parse(memory.get('owned') ?? '[]');
    return Array.isArray(known) ? known.filter(isOwned) : [];
  } catch {
    return [];
  }
}

/** The token of a room that was started in this browser. */
export function ownerToken(room: string): string | undefined {
  return owned().find((known) => known.room === room)?.token;
}

export function keepOwner(room: string, token: string): void {
  memory.set('owned', JSON.stringify([{ room, token }, ...owned().filter((known) => known.room !== room)].slice(0, keep)));
}

export function dropOwner(room: string): void {
  memory.set('owned', JSON.stringify(owned().filter((known) => known.room !== room)));
}

const passwordOf = (room: string) => `palabre.password.${room}`;

/** The password of a room as it was typed in this tab. */
export function typedPassword(room: string): string | undefined {
  try {
    return sessionStorage.getItem(passwordOf(room)) ?? undefined;
  } catch {
    return undefined;
  }
}

export function keepPassword(room: string, password: string | null): void {
  try {
    if (password === null) sessionStorage.removeItem(passwordOf(room));
    else sessionStorage.setItem(passwordOf(room), password);
  } catch {
    // It is asked for again.
  }
}
