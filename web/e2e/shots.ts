import { mkdirSync } from 'node:fs';
import type { ChromiumGuest } from './guest';

/** Where pictures go when somebody wants to look, by SHOTS; without it none are taken. */
const album = process.env['SHOTS'];

const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

/** Takes a picture of a page as it stands. */
export async function snap(guest: ChromiumGuest, name: string): Promise<void> {
  if (!album) return;
  mkdirSync(album, { recursive: true });
  await guest.page.screenshot({ path: `${album}/${name}.png`, animations: 'disabled' });
}

/** Takes a page as a desktop shows it and as a phone does. */
export async function shoot(guest: ChromiumGuest, name: string): Promise<void> {
  if (!album) return;
  const before = guest.page.viewportSize();
  for (const [size, viewport] of Object.entries(sizes)) {
    await guest.page.setViewportSize(viewport);
    await guest.page.waitForTimeout(300); // what moves has arrived
    await snap(guest, `${name}-${size}`);
  }
  if (before) await guest.page.setViewportSize(before);
}
