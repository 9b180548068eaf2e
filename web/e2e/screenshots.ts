import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { ChromiumGuest, joinAs, launchChromium, received, tiles } from './guest';
import { stroke } from './ink';
import { drawDevices, looks } from './people';
import { Server } from './server';
import { until } from './until';

const folder = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const names = ['Ana', 'Benoît', 'Chidi', 'Dalia', 'Émile', 'Fatou', 'Greta', 'Hugo', 'Inès', 'João', 'Karl', 'Lina'];

/** Draws docs/screenshots from real meetings: make screenshots. */
describe('screenshots', () => {
  let server: Server;
  let browser: Browser;
  const others: ChromiumGuest[] = [];

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    server = await Server.start();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const arrive = async (who: number, viewport: { width: number; height: number }) => {
    const guest = await ChromiumGuest.arrive(browser, names[who]!, { viewport });
    await guest.page.addInitScript(drawDevices, looks[who]!);
    return guest;
  };
  const shoot = (guest: ChromiumGuest, name: string) => guest.page.screenshot({ path: `${folder}${name}.png`, animations: 'disabled' });
  /** Adds people until so many are in, the viewer included. */
  const fill = async (room: string, people: number) => {
    while (others.length < people - 1) {
      const guest = await arrive(others.length + 1, { width: 320, height: 300 });
      await joinAs(guest, `${server.url}/r/${room}?lang=en`);
      others.push(guest);
    }
  };

  it('draws home and the door', async () => {
    for (const [size, viewport] of Object.entries(sizes)) {
      const guest = await arrive(0, viewport);
      await guest.open(`${server.url}/?lang=en`);
      await guest.page.getByRole('button', { name: 'Start a meeting' }).waitFor();
      await shoot(guest, `home-${size}`);
      await guest.open(`${server.url}/r/spring-plan?lang=en`);
      await guest.type('Your name', 'Ana');
      await until('the own picture moves', () => guest.evaluate(() => [...document.querySelectorAll('video')].some((video) => video.videoWidth > 0 && video.currentTime > 0)));
      await shoot(guest, `door-${size}`);
      await guest.close();
    }
  });

  for (const people of [2, 5, 12]) {
    it(`draws a call of ${people}`, async () => {
      await fill('spring-plan', people);
      for (const [size, viewport] of Object.entries(sizes)) await look(size, viewport, `call-${people}`, people);
    }, 400_000);
  }

  it('draws the chat', async () => {
    while (others.length > 4) {
      const guest = others.pop()!;
      await guest.press('Leave'); // who only closes the page is waited for
      await guest.close();
    }
    await fill('spring-plan', 5);
    const lines = ['Good morning! The plan is on the board.', 'The well first, then the bridge?', 'Yes: the masons are free in April.'];
    for (const [i, line] of lines.entries()) {
      const guest = others[i]!;
      await guest.press('Chat');
      await guest.type('Message to everyone', line);
      await guest.page.keyboard.press('Enter');
      await guest.page.locator('.line').getByText(line).first().waitFor();
      await guest.page.locator('.panel-close').click();
    }
    for (const [size, viewport] of Object.entries(sizes)) {
      await look(size, viewport, 'chat', 5, async (guest) => {
        await guest.press('Chat');
        if (size === 'phone') return;
        await guest.type('Message to everyone', 'Then the well it is. I write to them today.');
        await guest.page.keyboard.press('Enter');
      });
    }
  }, 400_000);

  it('draws a poll', async () => {
    const token = await server.command('token', '--room', 'spring-plan', '--role', 'host', '--sub', 'ana');
    await fill('spring-plan', 5);
    const answers = ['Monday morning', 'Tuesday after the market', 'When the orchard is planted'];
    await look('desktop', sizes.desktop, 'polls', 5, async (guest) => {
      await openPolls(guest);
      await guest.press('New poll');
      await guest.type('Question', 'When shall we meet next?');
      await guest.press('Add an answer');
      for (const [i, answer] of answers.entries()) await guest.type(`Answer ${i + 1}`, answer);
      await guest.press('Ask now');
      for (const [i, answer] of [1, 1, 0, 2].entries()) await vote(others[i]!, answers[answer]!);
      await vote(guest, answers[1]!);
    }, `#token=${token}`);
  }, 400_000);

  it('draws a shared screen with people, and what they draw on it', async () => {
    await fill('spring-plan', 6);
    // Wide enough for the bar to hold every button.
    for (const guest of others.slice(0, 2)) await guest.page.setViewportSize({ width: 900, height: 600 });
    await others[0]!.press('Share screen');
    const sharp = (size: string) => async (guest: ChromiumGuest) => {
      await until('the screen is sharp', async () => (await received(guest, names[1]!, 'stage')).height >= (size === 'desktop' ? 1080 : 360), 60_000);
    };
    for (const [size, viewport] of Object.entries(sizes)) await look(size, viewport, 'share', 6, sharp(size));
    const chidi = others[1]!;
    await chidi.press('Draw on Benoît’s screen');
    await chidi.press('Box');
    await stroke(chidi, [0.04, 0.49], [0.63, 0.6]);
    for (const [size, viewport] of Object.entries(sizes)) {
      await look(size, viewport, 'drawing', 6, async (guest) => {
        await sharp(size)(guest);
        await guest.press('Draw on Benoît’s screen');
        if (size === 'phone') return;
        await guest.press('Arrow');
        await stroke(guest, [0.84, 0.8], [0.79, 0.63]);
        await guest.press('Pen');
        await stroke(guest, [0.06, 0.235], [0.16, 0.24], [0.31, 0.235]);
      });
    }
  }, 600_000);

  const openPolls = async (guest: ChromiumGuest) => {
    await guest.press('More');
    await guest.page.locator('.menu-item').filter({ hasText: 'Polls' }).click();
    await guest.page.locator('.polls').waitFor();
  };
  const vote = async (guest: ChromiumGuest, answer: string) => {
    if (!(await guest.page.locator('.polls').isVisible())) await openPolls(guest);
    await guest.page.locator('.poll-option label').filter({ hasText: answer }).click();
    await guest.page.locator('.poll button[type=submit]').click();
    await guest.page.getByText('Your vote counts.').waitFor();
    if (guest.name !== 'Ana') await guest.page.locator('.panel-close').click();
  };

  async function look(size: string, viewport: { width: number; height: number }, name: string, people: number, ready?: (guest: ChromiumGuest) => Promise<void>, token = ''): Promise<void> {
    const guest = await arrive(0, viewport);
    await joinAs(guest, `${server.url}/r/spring-plan?lang=en${token}`);
    await until(
      'every picture shown moves',
      () =>
        guest.evaluate((least) => {
          const videos = [...document.querySelectorAll<HTMLVideoElement>('[data-participant] video')].filter((video) => video.offsetWidth > 0);
          return videos.length >= least && videos.every((video) => video.videoWidth > 0 && video.currentTime > 0);
        }, Math.min(people, 4)),
      90_000,
    );
    await ready?.(guest);
    await guest.page.waitForTimeout(6_000); // toasts fade, layers settle
    // A busy machine looks like a weak connection; that is not what these pictures are about.
    await until('nothing is said of connections', () => guest.evaluate(() => !document.querySelector('.notice.slim')), 20_000).catch(() => undefined);
    await guest.page.mouse.move(200, 200); // the bar shows itself
    await shoot(guest, `${name}-${size}`);
    const panel = guest.page.locator('.panel-close');
    if (await panel.isVisible()) await panel.click(); // on a phone it lies over the bar
    await guest.press('Leave');
    if (token) await guest.page.locator('.leave-choice').first().click(); // hosts are asked which it is to be
    await until('the place is free', async () => (await tiles(others[0]!, 'Ana')) === 0);
    await guest.close();
  }
});
