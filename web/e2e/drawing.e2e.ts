import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, joinAs, launchChromium } from './guest';
import { ink, places, stroke } from './ink';
import { drawDevices, looks } from './people';
import { Server } from './server';
import { snap } from './shots';
import { until } from './until';
import { textIn, type PlainKey } from './words';

const word = (key: PlainKey) => textIn('en', key);
const drawOn = 'Draw on Ana’s screen';

/** Three people draw on one share. The steps build on each other. */
describe('drawing on a shared screen', () => {
  let server: Server;
  let browser: Browser;
  let ana: ChromiumGuest, ben: ChromiumGuest, cleo: ChromiumGuest, late: ChromiumGuest;

  beforeAll(async () => {
    server = await Server.start();
    browser = await launchChromium();
    [ana, ben, cleo, late] = (await Promise.all(['Ana', 'Ben', 'Cleo', 'Late'].map((name) => ChromiumGuest.arrive(browser, name)))) as [ChromiumGuest, ChromiumGuest, ChromiumGuest, ChromiumGuest];
    for (const [i, guest] of [ana, ben, cleo, late].entries()) await guest.page.addInitScript(drawDevices, looks[i]!);
    for (const guest of [ana, ben, cleo]) {
      await guest.page.setViewportSize({ width: 1440, height: 900 });
      await joinAs(guest, `${server.url}/r/drawing?lang=en`);
    }
    await ana.press('Share screen');
    for (const guest of [ben, cleo]) await until('the share with its drawing', () => guest.evaluate(() => (document.querySelector('.tile[data-source="screen"] .drawing')?.clientWidth ?? 0) > 100), 30_000);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  it('lies exactly over the picture', async () => {
    for (const [width, height] of [[1440, 900], [900, 820], [1440, 900]] as const) {
      await ben.page.setViewportSize({ width, height });
      await until('the overlay over the picture', async () => {
        const { overlay, picture } = await places(ben);
        return (['x', 'y', 'width', 'height'] as const).every((side) => Math.abs(overlay[side] - picture[side]) < 2);
      });
    }
  });

  it('is the same for everybody, and opens no channel before somebody draws', async () => {
    const channels = () => ana.evaluate(() => document.querySelectorAll('.drawing').length);
    expect(await channels()).toBeGreaterThan(0);
    await ben.press(drawOn);
    await cleo.press(drawOn);
    await ben.press('Pen');
    await stroke(ben, [0.2, 0.2], [0.5, 0.2], [0.5, 0.5]);
    await cleo.press('Box');
    await stroke(cleo, [0.6, 0.6], [0.8, 0.8]);
    await cleo.press('Arrow');
    await stroke(cleo, [0.2, 0.85], [0.4, 0.7]);
    for (const guest of [ben, cleo]) {
      for (const [x, y] of [[0.35, 0.2], [0.5, 0.4], [0.6, 0.7], [0.7, 0.8], [0.3, 0.775]] as const) {
        await until(`ink at ${x}, ${y} for ${guest.name}`, async () => (await ink(guest, x, y)) > 8);
      }
      expect(await ink(guest, 0.1, 0.5)).toBe(0);
      expect(await ink(guest, 0.7, 0.7)).toBe(0);
    }
    await snap(ben, 'drawing-desktop');
  });

  it('shows the sharer what is drawn, small and large', async () => {
    await until('ink in the thumbnail', async () => (await ink(ana, 0.7, 0.8, '.own-share-thumb .drawing')) > 0);
    await ana.press('See your screen with the drawing');
    await until('ink in the larger view', async () => (await ink(ana, 0.35, 0.2, '.own-share-picture .drawing')) > 8);
    await snap(ana, 'drawing-sharer');
  });

  it('writes and stamps, by the keyboard too', async () => {
    await cleo.press('Text');
    const { overlay } = await places(cleo);
    await cleo.page.mouse.click(overlay.x + 0.1 * overlay.width, overlay.y + 0.93 * overlay.height);
    await until('the field', () => cleo.evaluate(() => document.activeElement?.classList.contains('drawing-text') ?? false));
    await cleo.page.keyboard.type('this one');
    await cleo.page.keyboard.press('Enter');
    await until('the words', async () => (await ink(ben, 0.115, 0.93)) > 8);
    await cleo.press('Stamp');
    await cleo.page.keyboard.press('Escape');
    await cleo.page.focus('.tile[data-source="screen"] .drawing');
    await cleo.page.keyboard.press('ArrowLeft');
    for (let i = 0; i < 9; i++) await cleo.page.keyboard.press('ArrowLeft');
    await cleo.page.keyboard.press('Enter');
    await until('the stamp', async () => (await ink(ben, 0.4, 0.5)) + (await ink(ben, 0.39, 0.51)) > 8);
  });

  it('is there for who comes late, on a small screen', async () => {
    await late.page.setViewportSize({ width: 390, height: 844 });
    await joinAs(late, `${server.url}/r/drawing?lang=en`);
    for (const [x, y] of [[0.35, 0.2], [0.6, 0.7], [0.3, 0.775]] as const) await until(`ink at ${x}, ${y}`, async () => (await ink(late, x, y)) > 2, 30_000);
    await late.press(drawOn);
    await snap(late, 'drawing-phone');
    await late.press('Stop drawing');
  });

  it('undoes one’s own last mark alone', async () => {
    await cleo.page.keyboard.press('Control+z'); // the stamp
    await cleo.page.keyboard.press('Control+z'); // the words
    await cleo.page.keyboard.press('Control+z'); // the arrow
    for (const guest of [ben, late]) {
      await until('the arrow to go', async () => (await ink(guest, 0.3, 0.775)) === 0);
      expect(await ink(guest, 0.35, 0.2)).toBeGreaterThan(2);
    }
  });

  it('has a laser that fades and is told to those who cannot see it', async () => {
    await cleo.evaluate(() => {
      // The next announcement takes the place of this one: all of them are noted.
      const note = () => { document.body.dataset['said'] = `${document.body.dataset['said'] ?? ''} ${[...document.querySelectorAll('[aria-live]')].map((line) => line.textContent).join(' ')}`; };
      for (const line of document.querySelectorAll('[aria-live]')) new MutationObserver(note).observe(line, { childList: true, characterData: true, subtree: true });
    });
    await ben.page.keyboard.press('l');
    await until('the laser in hand', () => ben.evaluate(() => document.querySelector('.drawing[data-held="laser"]') !== null));
    const { overlay } = await places(ben);
    const sweep = async () => {
      for (const x of [0.15, 0.35]) await ben.page.mouse.move(overlay.x + x * overlay.width, overlay.y + 0.4 * overlay.height, { steps: 10 });
    };
    // A busy machine may paint its next frame when a single sweep has faded.
    await until('the laser', async () => {
      await sweep();
      return (await ink(cleo, 0.3, 0.4)) > 4;
    });
    await until('its words', () => cleo.evaluate(() => (document.body.dataset['said'] ?? '').includes('Ben points')));
    await ben.page.keyboard.press('Escape');
    await until('the laser to fade', async () => (await ink(cleo, 0.3, 0.4)) === 0, 6_000);
  });

  it('is for named people alone where the sharer says so', async () => {
    await ana.page.locator('.own-share').getByRole('button', { name: 'Who may draw here' }).click();
    await ana.page.locator('.drawing-rules').getByText('Some', { exact: true }).click();
    await ana.page.locator('.drawing-people').getByText('Ben').click();
    await snap(ana, 'drawing-rules');
    await until('Cleo’s tools to go', () => cleo.evaluate(() => !document.querySelector('.tile[data-source="screen"] .drawing-tools')));
    await until('Ben’s tools to stay', () => ben.evaluate(() => Boolean(document.querySelector('.tile[data-source="screen"] .drawing-tools'))));
    expect(await cleo.evaluate(() => document.querySelector<HTMLElement>('.tile[data-source="screen"] .drawing')?.dataset['held'])).toBeUndefined();
    await ana.page.keyboard.press('Escape');
  });

  it('is cleared by who shares, and ends with the share', async () => {
    await ana.page.locator('.own-share').getByRole('button', { name: 'Clear the drawing' }).click();
    for (const guest of [ben, late]) await until('an empty canvas', async () => (await ink(guest, 0.35, 0.2)) + (await ink(guest, 0.6, 0.7)) === 0);
    await ana.page.locator('.own-share').getByRole('button', { name: word('app.close') }).click();
    await ana.page.locator('.sharing').getByRole('button', { name: word('word.stop') }).click();
    await until('the share to end', () => ben.evaluate(() => !document.querySelector('.tile[data-source="screen"]')));
  });
});
