/**
 * What the browser may remember for a person: preferences, recent rooms and
 * those that are their own, nothing else. Storage can be missing, full or forbidden; then the page
 * works and forgets.
 */
type Field = 'language' | 'name' | 'recent' | 'owned' | 'keys' | 'sounds' | 'mirror' | 'self' | 'view';

const prefix = 'palabre.';

export const memory = {
  get(field: Field): string | null {
    try {
      return localStorage.getItem(prefix + field);
    } catch {
      return null;
    }
  },
  set(field: Field, value: string): void {
    try {
      localStorage.setItem(prefix + field, value);
    } catch {
      // Forgetting is fine.
    }
  },
  drop(field: Field): void {
    try {
      localStorage.removeItem(prefix + field);
    } catch {
      // Nothing was remembered.
    }
  },
};

/** A meeting this browser took part in. */
export interface Recent { readonly room: string; readonly at: number }

const keep = 5;

function isRecent(value: unknown): value is Recent {
  const { room, at } = (value ?? {}) as Partial<Recent>;
  return typeof room === 'string' && typeof at === 'number';
}

export function recentRooms(): Recent[] {
  try {
    const known: unknown = JSON.parse(memory.get('recent') ?? '[]');
    return Array.isArray(known) ? known.filter(isRecent).slice(0, keep) : [];
  } catch {
    return [];
  }
}

export function rememberRoom(room: string, at = Date.now()): void {
  const others = recentRooms().filter((known) => known.room !== room);
  memory.set('recent', JSON.stringify([{ room, at }, ...others].slice(0, keep)));
}
