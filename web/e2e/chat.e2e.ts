import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Key } from '../locales/catalogue';
import type { Values } from '../locales/text';
import { faults } from './faults';
import { ChromiumGuest, joinAs, launchChromium } from './guest';
import { Server } from './server';
import { shoot } from './shots';
import { textIn } from './words';

const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
function en<K extends Key>(key: K, ...values: Values<K>): string {
  return textIn('en', key, ...values);
}

/** The line with a text, as somebody sees it. */
function line(guest: ChromiumGuest, text: string): Locator {
  return guest.page.locator('.line').filter({ hasText: text }).first();
}

async function write(guest: ChromiumGuest, text: string): Promise<void> {
  await guest.page.locator('.composer textarea').fill(text);
  await guest.page.keyboard.press('Enter');
}

/** Opens a line's menu, as with a mouse, and presses a button in it. */
async function choose(guest: ChromiumGuest, text: string, button: string | RegExp): Promise<void> {
  const found = line(guest, text);
  await found.hover();
  await found.locator('.line-actions > button').last().click();
  await found.locator('.line-menu').getByRole('button', { name: button, exact: true }).click();
}

describe('chat', () => {
  let server: Server;
  let browser: Browser;
  let ana: ChromiumGuest;
  let bob: ChromiumGuest;
  let cy: ChromiumGuest;

  const come = async (name: string, colorScheme: 'light' | 'dark' = 'light') => {
    const guest = await ChromiumGuest.arrive(browser, name, { viewport: { width: 1000, height: 700 }, acceptDownloads: true, colorScheme });
    await joinAs(guest, `${server.url}/r/village?lang=en`);
    await guest.page.getByRole('button', { name: /^Chat/ }).first().click();
    await guest.page.locator('.lines').waitFor();
    return guest;
  };

  beforeAll(async () => {
    server = await Server.start();
    browser = await launchChromium();
    ana = await come('Ana');
    bob = await come('Bob', 'dark');
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  it('brings lines to everybody, and to those who come later', async () => {
    await write(ana, 'The well is dug.');
    await line(bob, 'The well is dug.').waitFor();
    await write(bob, 'See https://a.example/plan (it is long).');
    await line(ana, 'See https').waitFor();
    expect(await line(ana, 'See https').locator('a').getAttribute('href')).toBe('https://a.example/plan');
    cy = await come('Cy');
    await line(cy, 'The well is dug.').waitFor();
    await line(cy, 'See https').waitFor();
  });

  it('answers, reacts, edits and deletes before everybody’s eyes', async () => {
    await choose(cy, 'The well is dug.', en('chat.reply'));
    await write(cy, 'How deep?');
    const quote = line(ana, 'How deep?').locator('.line-quote');
    await quote.waitFor();
    expect(await quote.textContent()).toContain('The well is dug.');
    await quote.click();
    await ana.page.locator('.line[data-shown]').filter({ hasText: 'The well is dug.' }).waitFor();

    await choose(bob, 'The well is dug.', en('react.party'));
    const mark = line(ana, 'The well is dug.').locator('.line-mark');
    await mark.waitFor();
    await mark.click();
    await expect.poll(() => line(cy, 'The well is dug.').locator('.line-mark').textContent()).toContain('2');

    await choose(ana, 'The well is dug.', en('chat.edit'));
    await ana.page.locator('.line-edit textarea').fill('The well is 12 m deep.');
    await ana.page.keyboard.press('Enter');
    await line(cy, 'The well is 12 m deep.').getByText(`(${en('chat.edited')})`).waitFor();

    await write(bob, 'Nothing to see');
    await line(cy, 'Nothing to see').waitFor();
    await choose(bob, 'Nothing to see', en('chat.delete'));
    await line(bob, 'Nothing to see').getByRole('button', { name: en('chat.sure') }).click();
    await line(cy, en('chat.deleted')).waitFor();
    expect(await cy.page.locator('.lines').getByText('Nothing to see').count()).toBe(0);
  });

  it('keeps a private message between two', async () => {
    await ana.page.locator('.composer-whom select').selectOption({ label: en('chat.only', { name: 'Bob' }) });
    await write(ana, 'Between you and me');
    await line(bob, 'Between you and me').getByText(en('chat.toYou')).waitFor();
    await line(ana, 'Between you and me').getByText(en('chat.toName', { name: 'Bob' })).waitFor();
    expect(await faults(ana)).toEqual([]);
    await shoot(ana, 'chat-private');
    await ana.page.locator('.composer-whom select').selectOption('');
    await write(ana, 'To all again');
    await line(cy, 'To all again').waitFor();
    expect(await cy.page.getByText('Between you and me').count()).toBe(0);
  });

  it('sends files, shows pictures, saves the rest and refuses what is not taken', async () => {
    const picker = ana.page.locator('input[type=file]');
    await picker.setInputFiles({ name: 'well.png', mimeType: 'image/png', buffer: pixel });
    const picture = bob.page.locator('.line-picture img');
    await picture.waitFor();
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
    await picker.setInputFiles({ name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('dig') });
    const file = bob.page.locator('.line-file');
    await file.waitFor();
    const download = bob.page.waitForEvent('download');
    await file.click();
    expect((await download).suggestedFilename()).toBe('plan.txt');

    await picker.setInputFiles({ name: 'page.html', mimeType: 'text/html', buffer: Buffer.from('<html><script>alert(1)</script>') });
    await ana.page.getByText(en('chat.fileType', { name: 'page.html' })).first().waitFor();
    expect(await bob.page.getByText('page.html').count()).toBe(0);
  });

  it('keeps the newest line in sight when there is less room, as over a phone’s keyboard', async () => {
    for (const text of ['Bring spades', 'and rope', 'and water']) await write(bob, text);
    await line(ana, 'and water').waitFor();
    const whole = ana.page.viewportSize()!;
    await ana.page.setViewportSize({ width: 390, height: 420 });
    const box = () => ana.page.locator('.lines').evaluate(({ scrollHeight, scrollTop, clientHeight }) => ({ hidden: scrollHeight - clientHeight, below: scrollHeight - clientHeight - scrollTop }));
    await expect.poll(async () => (await box()).hidden).toBeGreaterThan(100);
    await expect.poll(async () => (await box()).below).toBeLessThan(2);
    await ana.page.setViewportSize(whole);
    await shoot(ana, 'chat');
  });

  it('finds what was written, and works from the keyboard', async () => {
    const found = line(ana, 'and rope');
    await found.hover();
    await found.locator('.line-actions > button').last().click();
    expect(await faults(ana)).toEqual([]);
    expect(await faults(bob)).toEqual([]);
    await shoot(ana, 'chat-menu');
    await shoot(bob, 'chat-dark');
    await ana.page.keyboard.press('Escape');
    expect(await ana.page.locator('.line-menu').count()).toBe(0);
    await ana.page.getByRole('searchbox').fill('SPADES');
    await expect.poll(() => ana.page.locator('.line').count()).toBe(1);
    await ana.page.getByRole('searchbox').fill('');
  });

  it('says nothing to other hosts and fails in nothing', () => {
    // Browsers write every refused request into the console: the file that was not taken.
    const errors = [ana, bob, cy].flatMap((guest) => guest.errors).filter((error) => !/status of 422/.test(error));
    expect(errors).toEqual([]);
    for (const guest of [ana, bob, cy]) expect(guest.foreign).toEqual([]);
  });
});
