/** Finds the web addresses in what people write. */

export interface Part { readonly text: string; readonly href?: string }

const address = /https?:\/\/[^\s<>"']+/gi;
const trailing = /[.,;:!?'"»)\]}]+$/;

function ends(found: string): string {
  // A bracket that was opened inside the address belongs to it.
  const tail = trailing.exec(found)?.[0] ?? '';
  const closed = tail.startsWith(')') && found.includes('(') ? 1 : 0;
  return found.slice(0, found.length - tail.length + closed);
}

/** The text in pieces, the web addresses among them as links. Only http and https. */
export function parts(text: string): Part[] {
  const pieces: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(address)) {
    const found = ends(match[0]);
    if (!URL.canParse(found)) continue;
    if (match.index > at) pieces.push({ text: text.slice(at, match.index) });
    pieces.push({ text: found, href: found });
    at = match.index + found.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}
