import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faults } from './faults';
import { ChromiumGuest, joinAs, launchChromium, stats, tiles } from './guest';
import { Server } from './server';
import { until } from './until';
import { textIn, type PlainKey } from './words';

const languages = ['en', 'fr'] as const;
const themes = ['light', 'dark'] as const;

describe('everybody can use the page', () => {
  let server: Server;
  let browser: Browser;

  beforeAll(async () => {
    server = await Server.start();
    browser = await launchChromium();
    const other = await ChromiumGuest.arrive(browser, 'Bénédicte', { viewport: { width: 320, height: 300 } });
    await joinAs(other, `${server.url}/r/axe?lang=en`);
    await other.press('Raise hand');
    await other.press('Chat');
    await other.page.getByRole('textbox', { name: /message/i }).fill('Voici https://example.org et la suite');
    await other.page.keyboard.press('Enter');
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  for (const lang of languages) {
    for (const colorScheme of themes) {
      it(`has no serious fault by axe: ${lang}, ${colorScheme}`, async () => {
        const t = (key: PlainKey) => textIn(lang, key);
        const guest = await ChromiumGuest.arrive(browser, 'Ana', { colorScheme, viewport: { width: 1280, height: 800 } });
        const found: Record<string, string[]> = {};
        const look = async (where: string) => {
          const bad = await faults(guest);
          if (bad.length > 0) found[where] = bad;
        };
        await guest.open(`${server.url}/?lang=${lang}`);
        await guest.page.getByRole('button', { name: t('home.start') }).waitFor();
        await look('home');
        await guest.open(`${server.url}/r/axe?lang=${lang}`);
        await guest.type(t('door.name'), 'Ana');
        await until('the door is ready', async () => (await stats(guest)).phase === 'door');
        await look('door');
        await guest.press(t('door.join'));
        await until('in, with the other', async () => (await stats(guest)).phase === 'joined' && (await tiles(guest, 'Bénédicte')) === 1);
        await look('call');
        await guest.press(t('bar.chat'));
        await guest.page.getByText('Voici').waitFor();
        await look('chat');
        await guest.press(t('bar.people'));
        await guest.page.locator('.people').waitFor();
        await look('people');
        await guest.press(t('bar.more'));
        await look('menu');
        await guest.press(t('bar.statistics'));
        await guest.page.locator('.figure').first().waitFor();
        await look('statistics');
        await guest.press(t('bar.more'));
        await guest.press(t('bar.settings'));
        await look('settings');
        await guest.page.keyboard.press('Escape');
        await guest.press(t('bar.leave'));
        await guest.page.getByRole('button', { name: t('ended.rejoin'), exact: true }).waitFor();
        await look('ended');
        expect(found).toEqual({});
        await guest.close();
      });
    }
  }
});

/** What has the focus: its accessible name as good as a test can tell, or its tag. */
function focused(guest: ChromiumGuest): Promise<string> {
  return guest.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return 'nothing';
    const label = element.id ? document.querySelector(`label[for="${element.id}"]`)?.textContent : null;
    return (element.getAttribute('aria-label') ?? label ?? element.textContent ?? '').trim() || element.tagName;
  });
}

/** Presses Tab until a control has the focus; each one on the way must be in sight and have a ring. */
async function tabTo(guest: ChromiumGuest, name: string): Promise<void> {
  const way: string[] = [];
  for (let step = 0; step < 40; step++) {
    if ((await focused(guest)) === name) return;
    await guest.page.keyboard.press('Tab');
    way.push(await focused(guest));
    const seen = await guest.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      if (element === document.body) return true; // the browser's own controls
      const box = element.getBoundingClientRect();
      const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      return box.width > 0 && (element.contains(top) || (top?.contains(element) ?? false)) && getComputedStyle(element).outlineStyle !== 'none';
    });
    if (!seen) throw new Error(`"${await focused(guest)}" has the focus, but is not to be seen`);
  }
  throw new Error(`no way by Tab to "${name}": ${way.join(', ')}`);
}

describe('a meeting by keyboard alone', () => {
  it('goes from home through the call and out again', async () => {
    const server = await Server.start();
    const browser = await launchChromium();
    try {
      const guest = await ChromiumGuest.arrive(browser, 'Kay', { viewport: { width: 1280, height: 800 } });
      const { page } = guest;
      const key = (name: string) => page.keyboard.press(name);
      const button = (name: string) => page.getByRole('button', { name, exact: true });
      await guest.open(`${server.url}/?lang=en`);
      await button('Start a meeting').waitFor();
      await tabTo(guest, 'Start a meeting');
      await key('Enter');
      await page.waitForURL(/\/r\//);
      await page.getByRole('textbox', { name: 'Your name', exact: true }).waitFor();
      await tabTo(guest, 'Your name');
      await page.keyboard.type('Kay');
      await key('Enter');
      await until('Kay is in', async () => (await stats(guest)).phase === 'joined');

      // Names follow state, and the focus stays on the button that was pressed.
      await tabTo(guest, 'Mute microphone');
      await key('Enter');
      await button('Unmute microphone').waitFor();
      await until('the focus stays on the button', async () => (await focused(guest)) === 'Unmute microphone');
      await key('m');
      await button('Mute microphone').waitFor();
      await tabTo(guest, 'Raise hand');
      await key(' ');
      await button('Lower hand').waitFor();

      // The focus goes into a panel, a menu and a dialog, and comes back from each.
      await tabTo(guest, 'Chat');
      await key('Enter');
      await until('the field has the focus', async () => (await focused(guest)) === 'Message to everyone');
      await page.keyboard.type('by hand');
      await key('Enter');
      await page.locator('.line').getByText('by hand').waitFor();
      await key('Escape');
      await until('the focus is back at Chat', async () => (await focused(guest)) === 'Chat');
      await tabTo(guest, 'More');
      await key('Enter');
      await until('the menu has the focus', async () => (await focused(guest)) === 'Invite');
      await key('ArrowDown');
      await until('the arrow moves on', async () => (await focused(guest)) !== 'Invite');
      await key('Escape');
      await until('the focus is back at More', async () => (await focused(guest)) === 'More');
      await key('?');
      await page.getByRole('dialog').waitFor();
      await key('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
      await until('the focus is back at More', async () => (await focused(guest)) === 'More');

      await key('F2');
      await until('F2 leads to the bar', async () => (await focused(guest)) === 'Mute microphone');
      await tabTo(guest, 'Leave');
      await key('Enter');
      await until('the words of the end have the focus', async () => (await focused(guest)) === 'You left the meeting');
      await tabTo(guest, 'Rejoin');
    } finally {
      await browser.close();
      await server.stop();
    }
  });
});
