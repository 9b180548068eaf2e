import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faults } from './faults';
import { ChromiumGuest, idOf, joinAs, launchChromium, received, seesAndHears, stats } from './guest';
import { Server } from './server';
import { shoot } from './shots';
import { until } from './until';
import { textIn } from './words';

const link = '/r/council?lang=en';

const toast = (guest: ChromiumGuest, text: string) => guest.page.locator('.toast').getByText(text).waitFor();
const ended = (guest: ChromiumGuest) => guest.page.getByRole('heading', { level: 1 });

/** One meeting of a host and two guests, from the lobby to its end for all. The steps build on each other. */
describe('a host and two guests in Chromium', () => {
  let server: Server;
  let browser: Browser;
  let ana: ChromiumGuest, ben: ChromiumGuest, cy: ChromiumGuest;

  beforeAll(async () => {
    server = await Server.start('--lobby');
    browser = await launchChromium();
    [ana, ben, cy] = await Promise.all(['Ana', 'Ben', 'Cy'].map((name) => ChromiumGuest.arrive(browser, name, { viewport: { width: 1000, height: 700 } }))) as [ChromiumGuest, ChromiumGuest, ChromiumGuest];
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const knock = async (guest: ChromiumGuest) => {
    await guest.open(server.url + link);
    await guest.type('Your name', guest.name);
    await guest.press('Join');
    await guest.page.getByText('Waiting for a host to let you in').waitFor();
  };
  const tools = async (name: string) => {
    const options = ana.page.getByRole('button', { name: `Options for ${name}` });
    if ((await options.getAttribute('aria-expanded')) !== 'true') await options.click();
    return ana.page.locator('.person').filter({ hasText: name }).locator('.person-tools');
  };

  it('shows the host who knocks, with a picture where they wish, and lets them in', async () => {
    const token = await server.command('token', '--room', 'council', '--role', 'host', '--sub', 'ana');
    await joinAs(ana, `${server.url}${link}#token=${token}`);
    await knock(ben);
    await knock(cy);
    await ben.press('Show them my picture');
    await ben.page.getByText('They see your picture now.').waitFor();
    await ana.page.getByAltText('Picture of Ben').waitFor();
    await shoot(ana, 'host-knocks');
    await shoot(ben, 'host-waiting');
    await ana.press('Admit Ben');
    await until('Ben is in', async () => (await stats(ben)).phase === 'joined');
    await ana.page.waitForTimeout(500); // a press within the first moments is ignored
    await ana.press('Admit Cy');
    await until('Cy is in', async () => (await stats(cy)).phase === 'joined');
    await seesAndHears(ana, 'Ben');
  });

  it('mutes all, who are told and unmute themselves when asked', async () => {
    await ana.press('People');
    await ana.press('Mute all');
    await toast(ben, 'Ana muted you');
    for (const guest of [ben, cy]) await guest.page.getByRole('button', { name: 'Unmute microphone' }).first().waitFor();
    await until('nothing is heard of Ben', async () => {
      const before = (await received(ana, 'Ben')).energy;
      await ana.page.waitForTimeout(700);
      return (await received(ana, 'Ben')).energy === before;
    });
    await (await tools('Ben')).getByRole('button', { name: 'Ask to unmute' }).click();
    await ben.page.locator('.toast').getByRole('button', { name: 'Unmute microphone' }).click();
    await seesAndHears(ana, 'Ben');
    await shoot(ana, 'host-people');
  });

  it('has no serious fault by axe, its tools open', async () => {
    expect(await faults(ana)).toEqual([]);
  });

  it('gives a role, which is told and counts', async () => {
    await (await tools('Cy')).getByLabel('Role').selectOption('co-host');
    await toast(cy, 'Your role is now: Co-host');
    await cy.press('People');
    await cy.page.getByRole('button', { name: 'Options for Ben' }).waitFor();
    await (await tools('Cy')).getByLabel('Role').selectOption('viewer');
    await until('Cy’s camera is off', async () => (await stats(cy)).participants.every(({ name, camera }) => name !== 'Cy' || !camera));
    expect(await cy.page.getByRole('button', { name: 'Turn camera on' }).count()).toBe(0);
    await (await tools('Cy')).getByLabel('Role').selectOption('member');
    await cy.press('Turn camera on');
    await cy.press('Unmute microphone');
    await seesAndHears(ana, 'Cy');
  });

  it('changes the settings and locks', async () => {
    await ana.press('Meeting settings');
    await ana.page.getByRole('switch', { name: /^Lobby/ }).click();
    await ana.page.getByRole('switch', { name: /^Lock the meeting/ }).click();
    await ana.page.getByLabel('Share a screen').selectOption('presenter');
    await ben.page.getByRole('button', { name: 'Share screen' }).waitFor({ state: 'detached' });
    await shoot(ana, 'host-settings');
    await ana.page.keyboard.press('Escape');
    await ben.press('People');
    await ben.page.getByText('Locked: nobody new comes in').waitFor();
    const late = await ChromiumGuest.arrive(browser, 'Late');
    await late.open(server.url + link);
    await late.page.getByRole('heading', { name: 'This meeting is locked' }).waitFor();
    await shoot(late, 'host-locked');
    await late.close();
    await ana.press('Unlock');
  });

  it('removes, and who was removed may come back', async () => {
    const sheet = await tools('Ben');
    await sheet.getByRole('button', { name: 'Remove…' }).click();
    await sheet.getByRole('button', { name: 'Remove', exact: true }).click();
    await ended(ben).getByText('You were taken out of the meeting').waitFor();
    await shoot(ben, 'host-removed');
    await ben.press('Rejoin');
    await ben.press('Join');
    await until('Ben is back', async () => (await stats(ben)).phase === 'joined');
    expect(await idOf(ana, 'Ben')).toBeTruthy();
  });

  it('ends it for all', async () => {
    await ana.press('Leave');
    await shoot(ana, 'host-leave');
    await ana.page.getByRole('button', { name: /^End for all/ }).click();
    for (const guest of [ana, ben, cy]) await ended(guest).getByText(textIn('en', 'ended.ended')).waitFor();
    await shoot(ben, 'host-ended');
    expect([ana, ben, cy].flatMap((guest) => guest.errors).filter((error) => !/WebSocket|ERR_/.test(error))).toEqual([]);
  });
});
