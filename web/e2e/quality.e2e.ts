import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shareChart, similarity, text } from './chart';
import { ChromiumGuest, idOf, joinAs, launchChromium, received } from './guest';
import { Link, reachOver } from './link';
import { Server } from './server';
import { until } from './until';

/** Somebody comes over a link of their own, without their camera. */
async function come(browser: Browser, name: string, room: string, link?: Link, width = 1440): Promise<ChromiumGuest> {
  const guest = await ChromiumGuest.arrive(browser, name, { viewport: { width, height: 900 } });
  if (link) await guest.page.addInitScript(reachOver, link.port);
  await guest.page.addInitScript(shareChart);
  await joinAs(guest, room);
  await guest.press('Turn camera off');
  return guest;
}

/** A page of text shared to somebody whose line becomes narrow. The steps build on each other. */
describe('a shared screen full of text', () => {
  let server: Server;
  let browser: Browser;
  let link: Link;
  let ana: ChromiumGuest, ben: ChromiumGuest;
  let room: string, screen: string;

  beforeAll(async () => {
    server = await Server.start();
    link = await Link.before(server.udp);
    browser = await launchChromium();
    room = `${server.url}/r/small-print?lang=en`;
    ben = await come(browser, 'Ben', room);
    ana = await come(browser, 'Ana', room, link);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    link?.close();
  });
  const read = (guest: ChromiumGuest, page: number) => guest.page.evaluate(similarity, { id: screen, region: text, page });

  it('is there for who is there', async () => {
    await ben.press('Share screen');
    screen = (await idOf(ana, 'Ben'))!;
    await until('Ana has the whole picture', async () => (await received(ana, 'Ben', 'stage')).height === 1080, 30_000);
  });

  it('is there in full for who comes late', async () => {
    const late = await come(browser, 'Chloé', room);
    const took = await until('the newcomer has the whole picture', async () => (await received(late, 'Ben', 'stage')).height === 1080, 20_000, 50);
    expect(took).toBeLessThan(1_000);
    console.log(`a late joiner had the screen in full ${Math.round(took)} ms after they were in`);
    await until('the newcomer can read', async () => (await read(late, 1)) >= 0.95, 20_000, 250);
    await late.close();
  });

  it('can be read at 1 Mbit/s', async () => {
    link.down.shape = { rate: 1e6, delay: 20 };
    let best = 0;
    await until('the text can be read', async () => (best = Math.max(best, await read(ana, 1))) >= 0.95, 60_000, 500).catch((error: Error) => {
      throw new Error(`${error.message}: similarity ${best.toFixed(3)}`);
    });
    console.log(`similarity of the text at 1 Mbit/s: ${best.toFixed(3)}`);
  });

  it('can be read again after the page is turned', async () => {
    await ben.evaluate(() => void ((window as unknown as { page: number }).page = 2));
    let best = 0;
    const took = await until('the next page can be read', async () => (best = Math.max(best, await read(ana, 2))) >= 0.95, 60_000, 500).catch((error: Error) => {
      throw new Error(`${error.message}: similarity ${best.toFixed(3)}`);
    });
    console.log(`the next page could be read after ${Math.round(took)} ms`);
    expect((await received(ana, 'Ben', 'stage')).height).toBe(1080);
  });
});
