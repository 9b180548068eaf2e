import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, joinAs, launchChromium, stats } from './guest';
import { Server } from './server';
import { snap } from './shots';
import { until } from './until';

const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

describe('scheduling', () => {
  let server: Server;
  let browser: Browser;

  beforeAll(async () => {
    server = await Server.start();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  for (const [name, viewport] of Object.entries(sizes)) {
    it(`leads from the form to a calendar file and a room others enter, on a ${name}`, async () => {
      const organiser = await ChromiumGuest.arrive(browser, 'Ana', { viewport, timezoneId: 'Europe/Paris', acceptDownloads: true });
      const { page } = organiser;
      await organiser.open(`${server.url}/?lang=en`);
      await snap(organiser, `schedule-home-${name}`);
      await organiser.press('Schedule a meeting');
      const dialog = page.getByRole('dialog', { name: 'Schedule a meeting' });
      await dialog.getByRole('button', { name: 'Schedule', exact: true }).click();
      await dialog.getByText('Give the meeting a title.').waitFor();
      await dialog.getByLabel('Title').fill('Monday round; with “all”');
      await dialog.getByLabel('Day', { exact: true }).fill('2027-03-01');
      await dialog.getByLabel('Time', { exact: true }).fill('09:00');
      await dialog.getByLabel('Duration').selectOption('90');
      await dialog.getByLabel('Repeat').selectOption('weekly');
      await dialog.getByLabel('Last day (optional)').fill('2027-06-28');
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      await snap(organiser, `schedule-form-${name}`);
      await dialog.getByRole('button', { name: 'Schedule', exact: true }).click();

      const done = page.getByRole('dialog', { name: 'Your meeting is scheduled' });
      const link = await done.getByLabel('Link to the meeting').inputValue();
      await snap(organiser, `schedule-done-${name}`);
      const [download] = await Promise.all([page.waitForEvent('download'), done.getByRole('link', { name: 'Add to calendar (.ics)' }).click()]);
      const file = readFileSync((await download.path())!, 'utf8').replaceAll('\r\n ', '');
      expect(file).toContain('DTSTART;TZID=Europe/Paris:20270301T090000\r\n');
      expect(file).toContain('DTEND;TZID=Europe/Paris:20270301T103000\r\n');
      expect(file).toContain('SUMMARY:Monday round\\; with “all”\r\n');
      expect(file).toMatch(/RRULE:FREQ=WEEKLY;.*UNTIL=20270628T215959Z/);
      expect(file).toContain(`CONFERENCE;FEATURE=AUDIO,VIDEO;LABEL=Palabre;VALUE=URI:${link}\r\n`);

      const invited = await ChromiumGuest.arrive(browser, 'Ben', { viewport });
      await joinAs(invited, `${link}?lang=en`);
      await done.getByRole('button', { name: 'Open the meeting' }).click();
      await organiser.type('Your name', 'Ana');
      await organiser.press('Join');
      await until('both are in', async () => (await stats(organiser)).phase === 'joined' && (await page.locator('[data-participant]').count()) === 2);
      expect([...organiser.errors, ...invited.errors, ...organiser.foreign]).toEqual(expect.not.arrayContaining([expect.stringContaining('http')]));
      await organiser.close();
      await invited.close();
    });
  }
});
