import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, joinAs, launchChromium, stats } from './guest';
import { drawDevices, looks } from './people';
import { Server } from './server';
import { until } from './until';

/** What was heard of everybody else over some seconds. */
interface Heard {
  packets: number;
  lost: number;
  concealed: number;
  energy: number;
}

const seconds = 8;

const names = ['Ana', 'Ben', 'Cleo', 'Dan'];

/**
 * Four people talk at once, others listen, and one goroutine of the server
 * carries all of them: their packets wait for each other, are padded to one size
 * and leave together. Nobody must hear that, and no statistic show it.
 */
describe.each([
  ['held for each other', '5ms'],
  ['sent as they come', '0s'],
])('four voices at once, %s', (_, hold) => {
  let server: Server;
  let browser: Browser;
  let guests: ChromiumGuest[];
  let disperse: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    process.env['GOMAXPROCS'] = '1'; // one shard: all who listen are its
    server = await Server.start('--hold-voices', hold);
    delete process.env['GOMAXPROCS'];
    browser = await launchChromium();
    guests = await Promise.all(names.map((name) => ChromiumGuest.arrive(browser, name)));
    for (const guest of guests) {
      await guest.page.addInitScript(drawDevices, { ...looks[0]!, speaks: true });
      await joinAs(guest, `${server.url}/r/choir?lang=en`);
      await guest.press('Turn camera off');
    }
    disperse = server.crowd('choir', 8, 60);
  });
  afterAll(async () => {
    await disperse?.();
    await browser?.close();
    await server?.stop();
  });

  const heard = async (guest: ChromiumGuest): Promise<Heard[]> => {
    const { participants, seats } = await stats(guest);
    const people = participants.filter(({ name }) => names.includes(name)).map(({ id }) => id);
    return seats
      .filter(({ participant, audio }) => participant && people.includes(participant) && audio)
      .map(({ audio }) => ({ packets: audio!.packets, lost: audio!.lost ?? 0, concealed: audio!.concealed ?? 0, energy: audio!.audioEnergy ?? 0 }));
  };
  const segmented = () => server.metric('palabre_media_sending_total{what="segmented"}');

  it('are heard whole by everybody', async () => {
    for (const guest of guests) await until(`${guest.name} hears three`, async () => (await heard(guest)).filter((voice) => voice.energy > 0).length === 3);
    await until('the listeners are there', async () => (await stats(guests[0]!)).participants.length === names.length + 9);
    await guests[0]!.page.waitForTimeout(2_000); // what was concealed while joining is over
    const [before, together] = [await Promise.all(guests.map(heard)), await segmented()];
    await guests[0]!.page.waitForTimeout(seconds * 1_000);
    const after = await Promise.all(guests.map(heard));
    const lines: string[] = [];
    after.forEach((voices, g) =>
      voices.forEach((voice, v) => {
        const old = before[g]![v]!;
        const packets = voice.packets - old.packets;
        const concealed = (voice.concealed - old.concealed) / (48_000 * seconds);
        lines.push(`${guests[g]!.name}: ${packets} packets, ${voice.lost - old.lost} lost, ${(100 * concealed).toFixed(2)} % concealed`);
        expect(voice.energy, lines.at(-1)).toBeGreaterThan(old.energy);
        expect(voice.lost - old.lost, lines.at(-1)).toBe(0);
        expect(packets, lines.at(-1)).toBeGreaterThan(20 * seconds); // at 50 a second, less in the pauses
        expect(packets, lines.at(-1)).toBeLessThan(56 * seconds);
        expect(concealed, lines.at(-1)).toBeLessThan(0.05);
      }),
    );
    const run = (await segmented()) - together;
    console.log(`${run} packets left with others; ${lines.join('; ')}`);
    // Without waiting some come together by chance.
    if (hold !== '0s') expect(run).toBeGreaterThan(50 * seconds);
  });
});
