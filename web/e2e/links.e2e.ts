import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, launchChromium, stats } from './guest';
import { Server } from './server';
import { shoot } from './shots';
import { until } from './until';
import { textIn } from './words';


const inside = (guest: ChromiumGuest) => until(`${guest.name} is in`, async () => (await stats(guest)).phase === 'joined');
const says = (guest: ChromiumGuest, text: string) => guest.page.getByText(text).first().waitFor({ timeout: 20_000 });

describe('who may come and with what right', () => {
  let server: Server;
  let browser: Browser;
  const guests: ChromiumGuest[] = [];
  const arrive = async (name: string) => {
    const guest = await ChromiumGuest.arrive(browser, name, { locale: 'en-GB' });
    guests.push(guest);
    return guest;
  };
  beforeAll(async () => {
    server = await Server.start();
    browser = await launchChromium();
  });
  afterAll(async () => {
    for (const guest of guests) await guest.close();
    await browser?.close();
    await server?.stop();
  });

  let ana: ChromiumGuest;
  let room = '';
  /** Opens a dialog of the menu. */
  const menu = async (guest: ChromiumGuest, item: string) => {
    await guest.press('More');
    await guest.page.getByRole('menuitem', { name: item }).or(guest.page.getByRole('button', { name: item, exact: true })).first().click();
  };

  it('makes who starts a meeting its owner, also after a reload', async () => {
    ana = await arrive('Ana');
    await ana.open(`${server.url}/?lang=en`);
    await ana.press('Start a meeting');
    await ana.type('Your name', 'Ana');
    await ana.press('Join');
    await inside(ana);
    room = new URL(ana.page.url()).pathname;
    expect(new URL(ana.page.url()).hash).toBe('');
    await menu(ana, 'Invite');
    await says(ana, textIn('en', 'links.owner'));
    expect(await ana.page.locator('dialog #invitation').inputValue()).toBe(server.url + room);
    await shoot(ana, 'links-invite');
    await ana.page.reload();
    await ana.press('Join');
    await inside(ana);
    await menu(ana, 'Invite');
    await says(ana, textIn('en', 'links.owner'));
  });

  it('lets one person in by a link for one visit', async () => {
    await ana.type('For whom (optional)', 'Bo');
    await ana.page.getByText('For one visit').click();
    await ana.press('Make the link');
    const field = ana.page.locator('#personal-link');
    await field.waitFor();
    const link = await field.inputValue();
    expect(link).toContain(`${room}#token=`);
    await shoot(ana, 'links-link');
    const bo = await arrive('Bo');
    await bo.open(link.replace('#', '?lang=en#'));
    await says(bo, 'Your invitation says you are Bo.');
    await bo.press('Join');
    await inside(bo);
    const eve = await arrive('Eve');
    await eve.open(link.replace('#', '?lang=en#'));
    await says(eve, textIn('en', 'fail.unauthorized'));
    await bo.page.reload();
    await says(bo, textIn('en', 'fail.unauthorized'));
  });

  it('lets nobody in by a link that was taken back', async () => {
    await ana.type('For whom (optional)', 'Kim');
    await ana.press('Make the link');
    await ana.page.getByRole('button', { name: 'Take back the link for Kim' }).waitFor();
    const link = await ana.page.locator('#personal-link').inputValue();
    await ana.page.getByRole('button', { name: 'Take back the link for Kim' }).click();
    await says(ana, 'taken back');
    await shoot(ana, 'links-revoked');
    const kim = await arrive('Kim');
    await kim.open(link.replace('#', '?lang=en#'));
    await says(kim, textIn('en', 'fail.unauthorized'));
    await shoot(kim, 'links-invalid');
    await ana.press('Close');
  });

  it('asks for the room password, once a tab', async () => {
    await menu(ana, textIn('en', 'menu.room'));
    await ana.type('Password', 'open sesame');
    await ana.page.locator('form', { hasText: 'Asked of everyone' }).getByRole('button', { name: 'Save' }).click();
    await says(ana, textIn('en', 'room.passwordSet'));
    await shoot(ana, 'links-settings');
    await ana.press('Close');
    const gus = await arrive('Gus');
    await gus.open(`${server.url}${room}?lang=en`);
    await says(gus, textIn('en', 'fail.password'));
    await shoot(gus, 'links-password');
    await gus.type('Password', 'sesame');
    await gus.press('Continue');
    await says(gus, textIn('en', 'fail.passwordWrong'));
    await shoot(gus, 'links-password-wrong');
    await gus.type('Password', 'open sesame');
    await gus.press('Continue');
    await gus.type('Your name', 'Gus');
    await gus.press('Join');
    await inside(gus);
    await gus.page.reload();
    await gus.press('Join');
    await inside(gus);
  });
});
