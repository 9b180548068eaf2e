import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, joinAs, launchChromium, seesAndHears, stats, tiles } from './guest';
import { Proxy } from './proxy';
import { Server } from './server';
import { until } from './until';
import { textIn } from './words';

/** Waits until somebody stands at the door with a connection that is ready. */
function ready(guest: ChromiumGuest): Promise<number> {
  return until(`${guest.name} is ready at the door`, async () => {
    const { phase, connection } = await stats(guest);
    return phase === 'door' && connection?.state === 'connected';
  });
}

function inside(guest: ChromiumGuest): Promise<number> {
  return until(`${guest.name} is in`, async () => (await stats(guest)).phase === 'joined');
}

function says(guest: ChromiumGuest, text: string): Promise<void> {
  return guest.page.getByText(text, { exact: true }).first().waitFor({ timeout: 20_000 });
}

/** Makes every wish for a device fail as the browser would. */
async function refuse(guest: ChromiumGuest, error: string): Promise<void> {
  await guest.page.addInitScript((name) => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', name));
  }, error);
}

/** Keeps every track the page is given, so that a test can see whether it was let go. */
async function watchDevices(guest: ChromiumGuest): Promise<void> {
  await guest.page.addInitScript(() => {
    const given = ((window as unknown as { given: MediaStreamTrack[] }).given = [] as MediaStreamTrack[]);
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const stream = await ask(wish);
      given.push(...stream.getTracks());
      return stream;
    };
  });
}

/** How many tracks the page was given, and how many of them it still holds. */
function held(guest: ChromiumGuest): Promise<{ given: number; live: number }> {
  return guest.evaluate(() => {
    const { given } = window as unknown as { given: MediaStreamTrack[] };
    return { given: given.length, live: given.filter((track) => track.readyState === 'live').length };
  });
}

describe('the door', () => {
  let server: Server;
  let browser: Browser;
  const guests: ChromiumGuest[] = [];

  beforeAll(async () => {
    server = await Server.start();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const arrive = async (name: string, locale = 'en-GB') => {
    const guest = await ChromiumGuest.arrive(browser, name, { locale });
    guests.push(guest);
    return guest;
  };
  const room = (name: string) => `${server.url}/r/${name}?lang=en`;
  /** Everybody goes home, so that the next step has the machine for itself. */
  const clear = async () => {
    for (const guest of guests.splice(0)) await guest.close();
  };

  it('lets in somebody who has no devices at all', async () => {
    const bare = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
    try {
      const nils = await ChromiumGuest.arrive(bare, 'Nils');
      const ana = await arrive('Ana');
      await joinAs(ana, room('no-devices'));
      await nils.open(room('no-devices'));
      await says(nils, textIn('en', 'device.both.none'));
      await nils.type('Your name', 'Nils');
      await nils.press('Join');
      await inside(nils);
      await seesAndHears(nils, 'Ana');
      expect(await tiles(ana, 'Nils')).toBe(1);
      expect((await stats(ana)).participants.find(({ name }) => name === 'Nils')).toMatchObject({ microphone: false, camera: false });
    } finally {
      await bare.close();
      await clear();
    }
  });

  it.each([
    ['NotAllowedError', ['device.both.denied']],
    ['NotReadableError', ['device.microphone.busy', 'device.camera.busy']],
    ['NotFoundError', ['device.both.none']],
  ] as const)('says what %s means and lets the person join all the same', async (error, keys) => {
    const guest = await arrive('Rose');
    await refuse(guest, error);
    await guest.open(room('refused'));
    for (const key of keys) await says(guest, textIn('en', key));
    await guest.type('Your name', 'Rose');
    await guest.press('Join');
    await inside(guest);
    await clear();
  });

  it('speaks French to those who ask for it', async () => {
    const guest = await arrive('Zoé');
    await guest.open(`${server.url}/r/fr?lang=fr`);
    await guest.type('Votre nom', 'Zoé');
    expect(await guest.evaluate(() => document.documentElement.lang)).toBe('fr');
    await guest.press('Rejoindre');
    await inside(guest);
    for (const key of ['bar.mute', 'bar.share', 'bar.chat', 'bar.people', 'bar.leave'] as const) {
      expect(await guest.page.getByRole('button', { name: textIn('fr', key), exact: true }).count(), key).toBe(1);
    }
    await guest.press('Quitter');
    await says(guest, textIn('fr', 'ended.left'));
    await clear();
  });

  it('is connected before Join is pressed, so that the first picture is there at once', async () => {
    const ben = await arrive('Ben');
    await joinAs(ben, room('ready'));
    const ana = await arrive('Ana');
    await ana.open(room('ready'));
    await ana.type('Your name', 'Ana');
    await ready(ana);
    await says(ana, textIn('en', 'door.one', { name: 'Ben' }));
    expect(await tiles(ben, 'Ana')).toBe(0);
    const took = await ana.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const begin = performance.now();
          const look = () => {
            const video = document.querySelector<HTMLVideoElement>('[data-name="Ben"][data-source="camera"] video');
            if (video && video.videoWidth > 0 && video.currentTime > 0) resolve(performance.now() - begin);
            else requestAnimationFrame(look);
          };
          document.querySelector<HTMLButtonElement>('.door-join button')?.click();
          look();
        }),
    );
    process.stdout.write(`first remote picture ${Math.round(took)} ms after Join\n`);
    expect((await stats(ana)).sdpExchanges).toBe(1);
    await clear();
  });

  it('lets go of camera and microphone when the call is over, and takes them again on Rejoin', async () => {
    const guest = await arrive('Ana');
    await watchDevices(guest);
    await joinAs(guest, room('devices'));
    await until('the devices are open', async () => (await held(guest)).live === 2);
    await guest.press('Leave');
    await says(guest, textIn('en', 'ended.left'));
    await until('nothing is held', async () => (await held(guest)).live === 0, 5_000);
    await guest.press('Rejoin');
    await until('the devices are open again', async () => (await held(guest)).live === 2);
    await guest.press('Join');
    await inside(guest);
    await until('sound is sent again', async () => (await stats(guest)).sent.some((line) => line.kind === 'audio' && line.packets > 10));
    await clear();
  });

  it('never sends the fragment of its address', async () => {
    const proxy = await Proxy.before(server.http);
    const token = await server.command('token', '--room', 'fragment', '--role', 'member', '--name', 'Maya');
    const guest = await arrive('Maya');
    await guest.open(`${proxy.url}/r/fragment?lang=en#token=${token}`);
    await says(guest, textIn('en', 'door.nameFixed', { name: 'Maya' }));
    await guest.press('Join');
    await inside(guest);
    await until('Maya is who the token says', async () => (await stats(guest)).participants.some(({ name }) => name === 'Maya'));
    const requests = Buffer.concat(proxy.sent).toString('latin1');
    expect(requests).toContain('GET /r/fragment');
    expect(requests).toContain('GET /ws');
    const secret = token.split('.')[2]!;
    expect(requests.includes(secret) || requests.includes('token=')).toBe(false);
    expect(server.log.join('').includes(secret)).toBe(false);
    await clear();
    await proxy.close();
  });
});

describe('the door of a meeting with a lobby', () => {
  let server: Server;
  let browser: Browser;
  let host: ChromiumGuest;

  beforeAll(async () => {
    server = await Server.start('--lobby');
    browser = await launchChromium();
    host = await ChromiumGuest.arrive(browser, 'Hana');
    await host.page.addInitScript(() => {
      // The chime of a knock is the only sound the page makes here.
      (window as unknown as { notes: number }).notes = 0;
      const make = AudioContext.prototype.createOscillator;
      AudioContext.prototype.createOscillator = function () {
        (window as unknown as { notes: number }).notes += 1;
        return Reflect.apply(make, this, []) as OscillatorNode;
      };
    });
    const token = await server.command('token', '--room', 'lobby', '--role', 'host');
    await host.open(`${server.url}/r/lobby?lang=en#token=${token}`);
    await host.type('Your name', 'Hana');
    await host.press('Join');
    await inside(host);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const knock = async (name: string) => {
    const guest = await ChromiumGuest.arrive(browser, name);
    await guest.open(`${server.url}/r/lobby?lang=en`);
    await guest.type('Your name', name);
    await guest.press('Join');
    await says(guest, textIn('en', 'door.waiting'));
    return guest;
  };
  /** A press right after the notice appears is taken for a slip; so is this one, until it is not. */
  const answer = (button: string) =>
    until(`${button} is taken`, async () => {
      const there = host.page.getByRole('button', { name: button, exact: true }).first();
      if (await there.isVisible()) await there.click();
      return !(await there.isVisible());
    });

  it('keeps a guest waiting until the host, who sees and hears the knock, lets them in', async () => {
    const guest = await knock('Gus');
    await says(host, textIn('en', 'knock.one', { name: 'Gus' }));
    expect(await host.evaluate(() => (window as unknown as { notes: number }).notes)).toBeGreaterThanOrEqual(2);
    expect((await stats(guest)).participants).toEqual([]);
    await answer('Admit Gus');
    await inside(guest);
    await seesAndHears(guest, 'Hana');
    await seesAndHears(host, 'Gus');
    await guest.press('Leave');
    await guest.close();
  });

  it('tells a guest who was refused', async () => {
    const guest = await knock('Max');
    await answer('Deny Max');
    await says(guest, textIn('en', 'ended.denied'));
    await says(guest, textIn('en', 'ended.deniedHint'));
    await guest.close();
  });

  it('takes the knock away when the guest gives up', async () => {
    const guest = await knock('Ida');
    await says(host, textIn('en', 'knock.one', { name: 'Ida' }));
    await guest.press('Cancel');
    await until('the knock is gone', async () => (await host.page.locator('.knock').count()) === 0, 10_000);
    await guest.close();
  });
});

describe('the door of a full meeting', () => {
  it('says so, and opens when a place is free', async () => {
    const server = await Server.start('--max-people', '2');
    const browser = await launchChromium();
    try {
      const url = `${server.url}/r/full?lang=en`;
      const [ana, ben, late] = await Promise.all(['Ana', 'Ben', 'Late'].map((name) => ChromiumGuest.arrive(browser, name)));
      await joinAs(ana!, url);
      await joinAs(ben!, url);
      await late!.open(url);
      await until('the page answers', async () => (await late!.page.getByRole('button', { name: /^(Join|Try again)$/ }).count()) > 0);
      if (await late!.page.getByRole('textbox').count()) {
        await late!.type('Your name', 'Late');
        await late!.press('Join');
      }
      await says(late!, textIn('en', 'fail.full'));
      await says(late!, textIn('en', 'fail.fullHint'));
      await ben!.press('Leave');
      await late!.press('Try again');
      await late!.type('Your name', 'Late');
      await late!.press('Join');
      await inside(late!);
    } finally {
      await browser.close();
      await server.stop();
    }
  });
});
