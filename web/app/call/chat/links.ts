/** Finds the web addresses in what people write. */

export interface Part {
  readonly text: string;
  readonly href?: string;
  /** The server it leads to as the network names it: letters that only look alike show here. */
  readonly host?: string;
}

// An address ends at a space, a quote, or a character nobody sees.
const address = /https?:\/\/[^\s<>"'\p{Cf}\p{Cc}]+/giu;
const trailing = /[.,;:!?'"»)\]}]+$/;

function ends(found: string): string {
  // A bracket that was opened inside the address belongs to it.
  const tail = trailing.exec(found)?.[0] ?? '';
  const closed = tail.startsWith(')') && found.includes('(') ? 1 : 0;
  return found.slice(0, found.length - tail.length + closed);
}

/** An address may lead only where it seems to: no other scheme, and no name before the server's. */
function safe(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) && !url.username && !url.password ? url : null;
}

/** The text in pieces, the web addresses among them as links. Only http and https. */
export function parts(text: string): Part[] {
  const pieces: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(address)) {
    const found = ends(match[0]);
    const url = safe(found);
    if (!url) continue;
    if (match.index > at) pieces.push({ text: text.slice(at, match.index) });
    pieces.push({ text: found, href: found, host: url.host });
    at = match.index + found.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}
