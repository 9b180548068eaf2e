import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, joinAs, launchChromium, received, seesAndHears, stats, tiles } from './guest';
import { Server } from './server';
import { snap } from './shots';
import { until } from './until';

/** Three people, two of whom go to a room of their own and come back. The steps build on each other. */
describe('breakout rooms', () => {
  let server: Server;
  let browser: Browser;
  let ana: ChromiumGuest, ben: ChromiumGuest, chloe: ChromiumGuest;
  const exchanges = new Map<ChromiumGuest, number>();

  const panel = async (guest: ChromiumGuest) => {
    await guest.press('More');
    await guest.press('Breakout rooms');
  };
  /** That a page neither decodes nor hears more of somebody. */
  const nothingOf = async (guest: ChromiumGuest, names: string[]) => {
    const lines = async () => (await stats(guest)).seats.filter((seat) => names.some((name) => seat.participant === name));
    expect(await lines()).toEqual([]);
    for (const name of names) expect(await tiles(guest, name)).toBe(0);
  };

  beforeAll(async () => {
    server = await Server.start();
    browser = await launchChromium();
    const viewports = [{ width: 1440, height: 900 }, { width: 900, height: 600 }, { width: 390, height: 844 }];
    [ana, ben, chloe] = (await Promise.all(['Ana', 'Ben', 'Chloé'].map((name, i) => ChromiumGuest.arrive(browser, name, { viewport: viewports[i]! })))) as [ChromiumGuest, ChromiumGuest, ChromiumGuest];
    const token = await server.command('token', '--room', 'apart', '--role', 'host');
    await joinAs(ana, `${server.url}/r/apart?lang=en#token=${token}`);
    for (const guest of [ben, chloe]) await joinAs(guest, `${server.url}/r/apart?lang=en`);
    for (const name of ['Ben', 'Chloé']) await seesAndHears(ana, name);
    await seesAndHears(ben, 'Chloé');
    for (const guest of [ana, ben, chloe]) exchanges.set(guest, (await stats(guest)).sdpExchanges);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  it('takes two of three into a room of their own', async () => {
    await panel(ana);
    await ana.page.getByLabel('I assign them').check();
    await ana.press('Make rooms');
    await ana.page.getByLabel('Room of Ben').selectOption({ label: 'Room 1' });
    await ana.page.getByLabel('Room of Chloé').selectOption({ label: 'Room 1' });
    await until('both are assigned', async () => (await ana.page.getByRole('region', { name: 'Room 1' }).locator('.breakout-person').count()) === 2);
    await snap(ana, 'breakout-planned');
    await ana.press('Open the rooms');
    for (const guest of [ben, chloe]) await until(`${guest.name} is told`, () => guest.page.getByText('You are in Room 1').isVisible());
    await until('Ana sees herself alone', async () => (await tiles(ana, 'Ben')) + (await tiles(ana, 'Chloé')) === 0);
    await seesAndHears(ben, 'Chloé');
    await seesAndHears(chloe, 'Ben');
    await snap(ana, 'breakout-open-host');
    await snap(chloe, 'breakout-open-phone');
  });

  it('lets nothing of one room into another', async () => {
    const ids = async (guest: ChromiumGuest, ...names: string[]) => (await stats(guest)).participants.filter((one) => names.includes(one.name)).map((one) => one.id);
    await nothingOf(ana, await ids(ana, 'Ben', 'Chloé'));
    await nothingOf(ben, await ids(ben, 'Ana'));
    const before = await energies(ana);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const after = await energies(ana);
    expect(after.frames).toBe(before.frames);
    expect(after.energy - before.energy).toBeLessThan(1e-6);
    expect((await received(ben, 'Chloé')).frames).toBeGreaterThan(0);
  });

  it('brings help to who asks, and what a host says to all', async () => {
    await ben.press('Ask for help');
    await until('Ana is asked', () => ana.page.locator('.breakout-call', { hasText: 'Ben asks for help' }).isVisible());
    await ana.page.getByLabel('Message to all rooms').fill('Two minutes');
    await ana.press('Send');
    for (const guest of [ben, chloe]) await until(`${guest.name} reads it`, () => guest.page.locator('.breakout-message', { hasText: 'Two minutes' }).isVisible());
    await ana.press('Visit Room 1');
    await seesAndHears(ben, 'Ana');
    await seesAndHears(ana, 'Chloé');
    await until('nobody asks any more', async () => !(await ana.page.locator('.breakout-call', { hasText: 'Ben asks for help' }).isVisible()));
    await ana.press('Back to the main room');
    await until('Ana is gone from the tiles', async () => (await tiles(ben, 'Ana')) === 0);
  });

  it('has everybody back at once, over the connections they had', async () => {
    await ana.press('Close in 30 s');
    await until('Chloé sees the countdown', () => chloe.page.getByRole('timer').filter({ hasText: /Closing in 0:\d\d/ }).isVisible());
    await snap(chloe, 'breakout-closing-phone');
    const pairs: [ChromiumGuest, string][] = [[ana, 'Ben'], [ana, 'Chloé'], [ben, 'Ana'], [chloe, 'Ana']];
    const pictures = pairs.map(([guest, name]) => firstPicture(guest, name));
    const closed = Date.now();
    await ana.press('Close now');
    const took = (await Promise.all(pictures)).map((at) => at - closed).sort((a, b) => a - b);
    console.log(`pictures of the others after ${took.map(Math.round).join(', ')} ms`);
    expect(took[Math.floor(took.length / 2)]).toBeLessThan(1_000);
    for (const name of ['Ben', 'Chloé']) await seesAndHears(ana, name);
    await seesAndHears(chloe, 'Ana');
    for (const guest of [ana, ben, chloe]) {
      expect((await stats(guest)).sdpExchanges).toBe(exchanges.get(guest));
      expect(guest.errors).toEqual([]);
    }
    await snap(ana, 'breakout-back-host');
  });
});

/** All that a page has decoded and heard so far, of anybody. */
async function energies(guest: ChromiumGuest): Promise<{ frames: number; energy: number }> {
  const { seats } = await stats(guest);
  return {
    frames: seats.reduce((sum, seat) => sum + (seat.video?.frames ?? 0), 0),
    energy: seats.reduce((sum, seat) => sum + (seat.audio?.audioEnergy ?? 0), 0),
  };
}

/** When a page, from now on, first shows a new picture of somebody whose tile is not there yet. */
function firstPicture(guest: ChromiumGuest, name: string): Promise<number> {
  return guest.evaluate((name) => new Promise<number>((resolve) => {
    const look = (): void => {
      const video = document.querySelector<HTMLVideoElement>(`.stage [data-name="${name}"][data-source="camera"] video`);
      if (!video) return void requestAnimationFrame(look);
      video.requestVideoFrameCallback(() => resolve(performance.timeOrigin + performance.now()));
    };
    look();
  }), name);
}
