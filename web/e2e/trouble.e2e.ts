import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brightness, ChromiumGuest, idOf, joinAs, launchChromium, received, seesAndHears, stats, tiles } from './guest';
import { Proxy } from './proxy';
import { Server } from './server';
import { until } from './until';
import { textIn } from './words';

/** What a page goes through when the network, the server or another tab gets in the way. The steps build on each other. */
describe('two people in trouble', () => {
  let server: Server;
  let proxy: Proxy;
  let browser: Browser;
  let ana: ChromiumGuest, ben: ChromiumGuest;

  beforeAll(async () => {
    server = await Server.start();
    proxy = await Proxy.before(server.http);
    browser = await launchChromium();
    ana = await ChromiumGuest.arrive(browser, 'Ana');
    ben = await ChromiumGuest.arrive(browser, 'Ben');
    // Ana's signalling can be stalled; Ben's goes straight to the server.
    await joinAs(ana, `${proxy.url}/r/trouble?lang=en`);
    await joinAs(ben, `${server.url}/r/trouble?lang=en`);
    await seesAndHears(ana, 'Ben');
  });
  afterAll(async () => {
    await browser?.close();
    await proxy?.close();
    await server?.stop();
  });

  const phase = async (guest: ChromiumGuest) => (await stats(guest)).phase;
  const notice = () => ana.page.getByText(textIn('en', 'link.server'), { exact: true });
  const back = (guest: ChromiumGuest) => until(`${guest.name} is back`, async () => (await phase(guest)) === 'joined', 40_000);
  const toast = (text: string) => ana.page.locator('.toast').getByText(text, { exact: true }).waitFor({ timeout: 20_000 });

  it('notices stalled signalling, says so, and lets sound and picture flow on', async () => {
    const id = await idOf(ana, 'Ana');
    const before = await stats(ana);
    proxy.stall();
    const took = await until('Ana’s page notices', async () => (await phase(ana)) === 'reconnecting', 30_000);
    process.stdout.write(`stalled signalling noticed after ${Math.round(took)} ms\n`);
    expect(took).toBeLessThan(25_000);
    await notice().waitFor();
    expect(await tiles(ana, 'Ben')).toBe(1);
    expect(await brightness(ana, (await idOf(ana, 'Ben'))!, 'camera')).toBeGreaterThan(32);
    await seesAndHears(ana, 'Ben');
    await seesAndHears(ben, 'Ana');

    proxy.heal();
    await back(ana);
    await notice().waitFor({ state: 'hidden' });
    const after = await stats(ana);
    expect(after.recoveries).toMatchObject({ rebuilds: before.recoveries.rebuilds, iceRestarts: before.recoveries.iceRestarts });
    expect(await idOf(ana, 'Ana')).toBe(id);
    expect(after.participants).toHaveLength(2);
    expect((await stats(ben)).participants).toHaveLength(2);
  });

  it('says that a command was not done', async () => {
    await ana.press('People');
    await ana.press('Change your name');
    await ana.type('Change your name', '\u202e\u200b'); // nothing is left of it where direction characters are taken out
    await ana.press('Save');
    await toast(textIn('en', 'refused.other'));
    expect(await tiles(ben, 'Ana')).toBe(1);
    proxy.stall();
    await ana.press('Change your name');
    await ana.type('Change your name', 'Anaïs');
    await ana.press('Save');
    await toast(textIn('en', 'refused.offline'));
    proxy.heal();
    await back(ana);
    await ana.press('Close');
  });

  it('looks after its connection when the browser was offline', async () => {
    await ana.page.context().setOffline(true);
    await ana.page.context().setOffline(false);
    await until('Ana’s page looked for a new way', async () => (await stats(ana)).recoveries.iceRestarts > 0);
    await back(ana);
    await seesAndHears(ana, 'Ben');
    expect((await stats(ana)).participants).toHaveLength(2);
  });

  it('says that the server is away, and comes back with it', async () => {
    const ids = [await idOf(ana, 'Ana'), await idOf(ana, 'Ben')];
    await server.down('SIGKILL');
    const down = Date.now();
    await until('both pages notice', async () => (await phase(ana)) === 'reconnecting' && (await phase(ben)) === 'reconnecting');
    await notice().waitFor();
    expect(await tiles(ana, 'Ben')).toBe(1);
    expect(await brightness(ana, ids[1]!, 'camera')).toBeGreaterThan(32); // a last frame, not a hole
    await until('eight seconds have passed', () => Date.now() - down > 8_000);
    await server.up();
    await Promise.all([back(ana), back(ben)]);
    await seesAndHears(ana, 'Ben');
    await seesAndHears(ben, 'Ana');
    expect([await idOf(ana, 'Ana'), await idOf(ana, 'Ben')]).toEqual(ids);
    expect((await received(ana, 'Ben')).frames).toBeGreaterThan(0);
  });

  it('gives the place to the newer of two tabs of the same person', async () => {
    const token = await server.command('token', '--room', 'trouble', '--role', 'member', '--name', 'Maya', '--sub', 'maya');
    const open = async () => {
      const tab = await ChromiumGuest.arrive(browser, 'Maya', { viewport: { width: 480, height: 360 } });
      await tab.open(`${server.url}/r/trouble?lang=en#token=${token}`);
      await tab.press('Join');
      await until('the tab is in', async () => (await phase(tab)) === 'joined');
      return tab;
    };
    const older = await open();
    const newer = await open();
    await older.page.getByText(textIn('en', 'ended.replaced'), { exact: true }).waitFor();
    expect(await tiles(ana, 'Maya')).toBe(1);
    await seesAndHears(ana, 'Maya');
    await seesAndHears(newer, 'Ben');
    await older.close();
    await newer.press('Leave');
    await until('Maya is gone', async () => (await tiles(ana, 'Maya')) === 0, 10_000);
    await newer.close();
  });

  it('reported no script error', () => {
    expect([ana, ben].flatMap((guest) => guest.errors).filter((error) => !/WebSocket|ERR_/.test(error))).toEqual([]);
  });
});
