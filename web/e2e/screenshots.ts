import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { ChromiumGuest, joinAs, launchChromium, received } from './guest';
import { drawDevices, looks } from './people';
import { Server } from './server';
import { until } from './until';

const folder = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const names = ['Ana', 'Benoît', 'Chidi', 'Dalia', 'Émile', 'Fatou', 'Greta', 'Hugo', 'Inès', 'João', 'Karl', 'Lina'];

/** Draws docs/screenshots from real meetings: make screenshots. */
describe('screenshots', () => {
  let server: Server;
  let browser: Browser;
  const others: ChromiumGuest[] = [];

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    server = await Server.start();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const arrive = async (who: number, viewport: { width: number; height: number }) => {
    const guest = await ChromiumGuest.arrive(browser, names[who]!, { viewport });
    await guest.page.addInitScript(drawDevices, looks[who]!);
    return guest;
  };
  const shoot = (guest: ChromiumGuest, name: string) => guest.page.screenshot({ path: `${folder}${name}.png`, animations: 'disabled' });
  /** Adds people until so many are in, the viewer included. */
  const fill = async (room: string, people: number) => {
    while (others.length < people - 1) {
      const guest = await arrive(others.length + 1, { width: 320, height: 300 });
      await joinAs(guest, `${server.url}/r/${room}?lang=en`);
      others.push(guest);
    }
  };

  it('draws home and the door', async () => {
    for (const [size, viewport] of Object.entries(sizes)) {
      const guest = await arrive(0, viewport);
      await guest.open(`${server.url}/?lang=en`);
      await guest.page.getByRole('button', { name: 'Start a meeting' }).waitFor();
      await shoot(guest, `home-${size}`);
      await guest.open(`${server.url}/r/spring-plan?lang=en`);
      await guest.type('Your name', 'Ana');
      await until('the own picture moves', () => guest.evaluate(() => [...document.querySelectorAll('video')].some((video) => video.videoWidth > 0 && video.currentTime > 0)));
      await shoot(guest, `door-${size}`);
      await guest.close();
    }
  });

  for (const people of [2, 5, 12]) {
    it(`draws a call of ${people}`, async () => {
      await fill('spring-plan', people);
      for (const [size, viewport] of Object.entries(sizes)) await look(size, viewport, `call-${people}`, people);
    }, 400_000);
  }

  it('draws a shared screen with people', async () => {
    while (others.length > 5) await others.pop()!.close();
    // Wide enough for the bar to hold every button.
    await others[0]!.page.setViewportSize({ width: 900, height: 600 });
    await others[0]!.press('Share screen');
    for (const [size, viewport] of Object.entries(sizes)) {
      await look(size, viewport, 'share', 6, async (guest) => {
        await until('the screen is sharp', async () => (await received(guest, names[1]!, 'stage')).height >= (size === 'desktop' ? 1080 : 360), 60_000);
      });
    }
  }, 400_000);

  async function look(size: string, viewport: { width: number; height: number }, name: string, people: number, ready?: (guest: ChromiumGuest) => Promise<void>): Promise<void> {
    const guest = await arrive(0, viewport);
    await joinAs(guest, `${server.url}/r/spring-plan?lang=en`);
    await until(
      'every picture shown moves',
      () =>
        guest.evaluate((least) => {
          const videos = [...document.querySelectorAll<HTMLVideoElement>('[data-participant] video')].filter((video) => video.offsetWidth > 0);
          return videos.length >= least && videos.every((video) => video.videoWidth > 0 && video.currentTime > 0);
        }, Math.min(people, 4)),
      90_000,
    );
    await ready?.(guest);
    await guest.page.waitForTimeout(6_000); // toasts fade, layers settle
    await guest.page.mouse.move(200, 200); // the bar shows itself
    await shoot(guest, `${name}-${size}`);
    await guest.press('Leave');
    await guest.close();
  }
});
