/** Waits for a condition, since a busy machine makes any fixed wait wrong. Returns how long it took, in milliseconds. */
export async function until(what: string, holds: () => Promise<boolean> | boolean, within = 30_000, every = 100): Promise<number> {
  const begin = performance.now();
  for (;;) {
    if (await holds()) return performance.now() - begin;
    if (performance.now() - begin > within) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
