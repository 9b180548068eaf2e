/** The sites that may show a room in a page of theirs, as a host writes them: one a line. */

/** As many as the server takes. */
export const mostSites = 20;

export interface Sites {
  origins: string[];
  /** The first line that is no site; empty where all are. */
  wrong: string;
}

/** The origin of what is the address of a whole site, and of nothing within it. */
function origin(line: string): string | null {
  const url = URL.canParse(line) ? new URL(line) : null;
  const whole = url && /^https?:$/.test(url.protocol) && /^[a-z0-9.:[\]-]+$/.test(url.host) && url.href === `${url.origin}/`;
  return whole && !/[?#]$/.test(line) ? url.origin : null;
}

export function readSites(text: string): Sites {
  const lines = text.split(/[\s,]+/).filter(Boolean);
  const origins = new Set<string>();
  for (const line of lines) {
    const found = origin(line);
    if (!found) return { origins: [], wrong: line };
    origins.add(found);
  }
  return { origins: [...origins], wrong: '' };
}
