import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { ChromiumGuest } from './guest';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds serious or critical on the page as it stands, one line for each element. */
export async function faults(guest: ChromiumGuest): Promise<string[]> {
  await guest.page.evaluate(axe); // past the page's policy, which lets no such script in
  await guest.evaluate(() => Promise.all(document.getAnimations().filter((one) => one.effect?.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => undefined))));
  const { violations } = await guest.evaluate(() => (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return bad.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 120)} ${node.failureSummary ?? ''}`));
}
