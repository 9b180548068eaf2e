/** Addresses of the page, and the links and codes people paste. */

export type Route = { page: 'home' } | { page: 'room'; room: string } | { page: 'nothing' };

/** Which screen an address shows. */
export function routeOf(pathname: string): Route {
  if (pathname === '/' || pathname === '/index.html') return { page: 'home' };
  const match = /^\/r\/([^/]+)\/?$/.exec(pathname);
  const room = match?.[1] ? roomName(decode(match[1]) ?? '') : null;
  return room ? { page: 'room', room } : { page: 'nothing' };
}

export type Pasted = { kind: 'room'; room: string; hash: string } | { kind: 'elsewhere'; host: string } | { kind: 'invalid' };

const longest = 64;
// As the server has it: letters, digits, - and _, a letter or digit at both ends.
const name = /^[\p{L}\p{Nd}](?:[\p{L}\p{Nd}\p{M}_-]*[\p{L}\p{Nd}\p{M}])?$/u;

/** The one spelling of a room's name, or null when no room can have it. */
function roomName(typed: string): string | null {
  const room = typed.trim().replace(/\s+/g, '-').toLowerCase().normalize('NFC');
  return [...room].length <= longest && name.test(room) ? room : null;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function asRoom(typed: string, hash = ''): Pasted {
  const room = roomName(typed);
  return room ? { kind: 'room', room, hash } : { kind: 'invalid' };
}

/**
 * Reads what somebody put into the join field: a whole link, one without its
 * scheme, a path, or the bare code, with whatever blanks and angle brackets
 * came along from a mail or chat.
 */
export function readLink(input: string, origin: string): Pasted {
  const text = input.trim().replace(/^<|>$/g, '').trim();
  if (!text) return { kind: 'invalid' };
  if (!text.includes('/')) return asRoom(text);
  const here = new URL(origin);
  let url: URL;
  try {
    if (/^https?:\/\//i.test(text)) url = new URL(text);
    else if (text.startsWith('/')) url = new URL(text, here);
    else if (/^r\//.test(text)) url = new URL(`/${text}`, here);
    else url = new URL(`${here.protocol}//${text}`);
  } catch {
    return { kind: 'invalid' };
  }
  const route = routeOf(url.pathname);
  if (route.page !== 'room') return { kind: 'invalid' };
  if (url.host !== here.host) return { kind: 'elsewhere', host: url.host };
  return asRoom(route.room, url.hash);
}

/** The address of a room's page. */
export function roomPath(room: string): string {
  return `/r/${encodeURIComponent(room)}`;
}

/** The link to give to others: no token, no fragment, no language. */
export function invitation(room: string, origin = location.origin): string {
  return origin + roomPath(room);
}

/** A room's name for the eye: the words of a name we made, else as it is. */
export function roomTitle(room: string): string {
  const made = /^([a-z]+(?:-[a-z]+)*)-(?=[a-z]*\d)[a-z0-9]{8,}$/.exec(room);
  const words = (made?.[1] ?? room).replace(/[-_]+/g, ' ').trim() || room;
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

/** The token of an invitation stands in the fragment, which browsers send to nobody. */
export function tokenOf(hash: string): string | undefined {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token') ?? undefined;
}
