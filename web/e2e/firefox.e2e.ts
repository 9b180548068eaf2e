import type { Browser } from 'playwright-core';
import type { Browser as FirefoxBrowser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, FirefoxGuest, idOf, joinAs, launchChromium, launchFirefox, received, seesAndHears, stats, tiles } from './guest';
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

  it('shows Chromium’s screen in Firefox and takes it away', async () => {
    await ben.press('Share screen');
    await until('Fleur sees the screen', async () => (await received(fleur, 'Ben', 'stage')).frames > 0);
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
