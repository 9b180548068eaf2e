/**
 * Who stands where, so that nobody jumps.
 *
 * People keep the order they came in. When not everybody fits on the first
 * page, somebody who holds the floor for two seconds swaps places with the
 * person of the first page who has been silent longest; whoever is already on
 * it stays.
 */

/** How long somebody off the page must hold the floor before they come to it. */
export const hold = 2000;

export interface Order {
  /** Identities in the order they are shown. */
  readonly ids: readonly string[];
  /** When each last held the floor. */
  readonly spoke: Readonly<Record<string, number>>;
  /** Who holds the floor, and since when. */
  readonly floor: { readonly id: string; readonly since: number } | null;
}

export const emptyOrder: Order = { ids: [], spoke: {}, floor: null };

/** Newcomers go to the end, leavers go, nobody else moves. */
export function keepOrder(order: Order, present: readonly string[]): Order {
  const here = new Set(present);
  const known = new Set(order.ids);
  const ids = [...order.ids.filter((id) => here.has(id)), ...present.filter((id) => !known.has(id))];
  const same = ids.length === order.ids.length && ids.every((id, i) => id === order.ids[i]);
  if (same) return order;
  const spoke = Object.fromEntries(Object.entries(order.spoke).filter(([id]) => here.has(id)));
  return { ids, spoke, floor: order.floor && here.has(order.floor.id) ? order.floor : null };
}

/** Notes who holds the floor at a time, and swaps them in after the hold. */
export function hear(order: Order, dominant: string | undefined, pageSize: number, now: number): Order {
  if (!dominant || !order.ids.includes(dominant)) return order.floor ? { ...order, floor: null } : order;
  const floor = order.floor?.id === dominant ? order.floor : { id: dominant, since: now };
  const spoke = { ...order.spoke, [dominant]: now };
  const at = order.ids.indexOf(dominant);
  if (at < pageSize || pageSize < 1 || now - floor.since < hold) return { ids: order.ids, spoke, floor };
  const first = order.ids.slice(0, pageSize);
  const quietest = first.reduce((a, b) => ((spoke[b] ?? 0) <= (spoke[a] ?? 0) ? b : a));
  const ids = order.ids.map((id) => (id === dominant ? quietest : id === quietest ? dominant : id));
  return { ids, spoke, floor };
}
