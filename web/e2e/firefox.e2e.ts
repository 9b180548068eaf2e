import type { Browser } from 'playwright-core';
import type { Browser as FirefoxBrowser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, FirefoxGuest, idOf, joinAs, launchChromium, launchFirefox, received, seesAndHears, stats, tiles } from './guest';
import { ink, stroke } from './ink';
import { Proxy } from './proxy';
import { Server } from './server';
import { until } from './until';

describe('two people in Chromium and one in Firefox', () => {
  let server: Server;
  let proxy: Proxy;
  let chromium: Browser;
  let firefox: FirefoxBrowser;
  let ana: ChromiumGuest, ben: ChromiumGuest, fleur: FirefoxGuest;
  let room: string;

  beforeAll(async () => {
    server = await Server.start();
    proxy = await Proxy.before(server.http);
    chromium = await launchChromium();
    firefox = await launchFirefox();
    ana = await ChromiumGuest.arrive(chromium, 'Ana');
    ben = await ChromiumGuest.arrive(chromium, 'Ben');
    fleur = await FirefoxGuest.arrive(firefox, 'Fleur');
    room = `${proxy.url}/r/firefox-and-friends?lang=en`;
  });
  afterAll(async () => {
    await chromium?.close();
    await firefox?.close();
    await proxy?.close();
    await server?.stop();
  });

  it('lets everybody see and hear everybody', async () => {
    const guests = [ana, ben, fleur];
    for (const guest of guests) await joinAs(guest, room);
    for (const guest of guests) for (const other of guests) if (other !== guest) await seesAndHears(guest, other.name, 60_000);
  });

  it('shows Chromium’s screen in Firefox, where both draw on it, though the server no longer kept DTLS running', async () => {
    const dtls = (event: string) => server.metric(`palabre_media_dtls_total{event="${event}"}`);
    await until('the DTLS of all three to be parked', async () => (await dtls('parked')) >= 3);
    expect(await dtls('resumed')).toBe(0);
    await ben.press('Share screen');
    await until('Fleur sees the screen', async () => (await received(fleur, 'Ben', 'stage')).frames > 0);
    for (const guest of [ana, fleur]) await until(`${guest.name} has the drawing over it`, () => guest.evaluate(() => (document.querySelector('.tile[data-source="screen"] .drawing')?.clientWidth ?? 0) > 100));
    await ana.press('Draw on Ben’s screen');
    await stroke(ana, [0.2, 0.2], [0.5, 0.2]);
    await until('Fleur sees what Ana drew', async () => (await ink(fleur, 0.35, 0.2)) > 4);
    await fleur.press('Draw on Ben’s screen');
    await stroke(fleur, [0.6, 0.5], [0.6, 0.8]);
    for (const guest of [fleur, ana]) await until(`${guest.name} sees what Fleur drew`, async () => (await ink(guest, 0.6, 0.65)) > 4);
    await until('Ben sees both on the screen he shares', async () => (await ink(ben, 0.35, 0.2, '.own-share-thumb .drawing')) > 0 && (await ink(ben, 0.6, 0.65, '.own-share-thumb .drawing')) > 0);
    await fleur.press('Undo');
    for (const guest of [fleur, ana]) {
      await until(`Fleur’s own mark is gone for ${guest.name}`, async () => (await ink(guest, 0.6, 0.65)) === 0);
      expect(await ink(guest, 0.35, 0.2)).toBeGreaterThan(4);
    }
    expect(await dtls('resumed')).toBeGreaterThanOrEqual(3);
    await ben.press('Stop sharing');
    await until('the share is gone', async () => (await tiles(fleur, 'Ben', 'screen')) === 0, 5_000);
  });

  it('keeps Firefox in the same place when the WebSocket is cut', async () => {
    const id = await idOf(fleur, 'Fleur');
    const before = await stats(fleur);
    proxy.cut();
    await until('signalling is back', async () => (await stats(fleur)).recoveries.reconnects > before.recoveries.reconnects && (await stats(fleur)).phase === 'joined');
    await seesAndHears(fleur, 'Ana', 60_000);
    expect(await idOf(fleur, 'Fleur')).toBe(id);
  });

  it('takes Firefox’s tile within two seconds after it left', async () => {
    await fleur.press('Leave');
    expect(await until('the tile is gone', async () => (await tiles(ana, 'Fleur')) === 0, 10_000)).toBeLessThan(2_000);
  });
});
