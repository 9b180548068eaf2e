import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, idOf, joinAs, launchChromium, received, seesAndHears, stats, tiles } from './guest';
import { Proxy } from './proxy';
import { Server } from './server';
import { until } from './until';

/** One meeting of three people in Chromium, through its whole life. The steps build on each other. */
describe('three people in Chromium', () => {
  let server: Server;
  let proxy: Proxy;
  let browser: Browser;
  let ana: ChromiumGuest, ben: ChromiumGuest, chloe: ChromiumGuest;
  let room: string;

  beforeAll(async () => {
    server = await Server.start();
    proxy = await Proxy.before(server.http);
    browser = await launchChromium();
    ana = await ChromiumGuest.arrive(browser, 'Ana');
    ben = await ChromiumGuest.arrive(browser, 'Ben');
    chloe = await ChromiumGuest.arrive(browser, 'Chloé');
  });
  afterAll(async () => {
    await browser?.close();
    await proxy?.close();
    await server?.stop();
  });

  it('starts with one click on the home page and gives a link', async () => {
    await ana.open(`${proxy.url}/?lang=en`);
    await ana.press('Start a meeting');
    await ana.page.waitForURL(/\/r\/[a-z0-9-]+/);
    room = new URL(ana.page.url()).pathname;
    expect(room).toMatch(/^\/r\/[a-z]+-[a-z]+-[a-z0-9]{10,}$/);
  });

  it('lets everybody see and hear everybody', async () => {
    for (const guest of [ana, ben, chloe]) await joinAs(guest, `${proxy.url}${room}?lang=en`);
    for (const guest of [ana, ben, chloe]) {
      for (const other of [ana, ben, chloe]) if (other !== guest) await seesAndHears(guest, other.name);
    }
  });

  it('is the DTLS server and seals with AES-128-GCM', async () => {
    expect((await stats(ana)).connection).toMatchObject({ cipher: 'SRTP_AEAD_AES_128_GCM' });
  });

  it('carries chat, hands and reactions', async () => {
    await ana.press('Chat');
    await ana.page.getByRole('textbox', { name: /message/i }).fill('Bonjour à tous');
    await ana.page.keyboard.press('Enter');
    await ben.press('Chat');
    await ben.page.getByText('Bonjour à tous', { exact: true }).waitFor();
    await ben.press('Raise hand');
    await ana.press('People');
    await ana.page.getByText(/hand/i).first().waitFor();
    await ben.press('Lower hand');
  });

  it('shows a shared screen and takes it away', async () => {
    await ben.press('Share screen');
    await until('Ana sees the screen move or stand', async () => (await received(ana, 'Ben', 'stage')).frames > 0);
    expect(await tiles(ana, 'Ben', 'screen')).toBe(1);
    await ben.press('Stop sharing');
    await until('the share is gone', async () => (await tiles(ana, 'Ben', 'screen')) === 0 && (await tiles(chloe, 'Ben', 'screen')) === 0, 5_000);
  });

  it('F04: loses no media and no message when the WebSocket is cut', async () => {
    const id = await idOf(ana, 'Ana');
    const before = await stats(ana);
    proxy.cut();
    const took = await until('signalling is back', async () => (await stats(ana)).phase === 'joined' && (await stats(ana)).recoveries.reconnects > before.recoveries.reconnects, 15_000);
    await seesAndHears(ana, 'Ben');
    const after = await stats(ana);
    expect(after.recoveries.rebuilds).toBe(before.recoveries.rebuilds);
    expect(await idOf(ana, 'Ana')).toBe(id);
    expect(after.participants).toHaveLength(3);
    expect(took).toBeLessThan(15_000);
  });

  it('costs a bystander no SDP when people come and go', async () => {
    const before = (await stats(ana)).sdpExchanges;
    const dora = await ChromiumGuest.arrive(browser, 'Dora', { viewport: { width: 320, height: 300 } });
    for (let round = 0; round < 20; round++) {
      await joinAs(dora, `${proxy.url}${room}?lang=en`);
      await until('Ana sees the newcomer', async () => (await tiles(ana, 'Dora')) === 1, 10_000);
      await dora.press('Leave');
      const gone = await until('the tile of who left is gone', async () => (await tiles(ana, 'Dora')) === 0, 10_000);
      expect(gone).toBeLessThan(2_000);
    }
    await dora.close();
    expect((await stats(ana)).sdpExchanges).toBe(before);
  }, 300_000);

  it('comes back by itself after the server restarted', async () => {
    const ids = await Promise.all([idOf(ana, 'Ana'), idOf(ana, 'Ben'), idOf(ana, 'Chloé')]);
    await ana.evaluate(() => ((window as unknown as { mark: number }).mark = 1));
    expect(await server.down('SIGTERM')).toBe(0);
    await server.up();
    await until('all three are in again', async () => (await stats(ana)).phase === 'joined' && (await stats(ana)).participants.length === 3, 30_000);
    await seesAndHears(ana, 'Ben');
    await seesAndHears(chloe, 'Ana');
    expect(await Promise.all([idOf(ana, 'Ana'), idOf(ana, 'Ben'), idOf(ana, 'Chloé')])).toEqual(ids);
    expect(await ana.evaluate(() => (window as unknown as { mark: number }).mark)).toBe(1);
  });

  it('comes back after a crash too', async () => {
    await server.down('SIGKILL');
    await server.up();
    await until('all three are in again', async () => (await stats(ben)).phase === 'joined' && (await stats(ben)).participants.length === 3, 30_000);
    await seesAndHears(ben, 'Chloé');
  });

  it('takes the tile of somebody who closed the page', async () => {
    await chloe.press('Leave');
    const took = await until('her tile is gone', async () => (await tiles(ana, 'Chloé')) === 0, 10_000);
    expect(took).toBeLessThan(2_000);
  });

  it('asked no other host and reported no script error', () => {
    const foreign = [ana, ben, chloe].flatMap((guest) => guest.foreign);
    expect(foreign).toEqual([]);
    expect([ana, ben, chloe].flatMap((guest) => guest.errors).filter((error) => !/WebSocket|ERR_/.test(error))).toEqual([]);
  });
});
