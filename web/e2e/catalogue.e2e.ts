import { networkInterfaces } from 'node:os';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { report } from './catalogue';
import { ChromiumGuest, joinAs, launchChromium, seesAndHears, stats } from './guest';
import { Server } from './server';
import { until } from './until';

/** What hostile people type, and what must stay text. */
const hostile = [
  '<script>window.struck=1</script>',
  '<img src=x onerror="window.struck=1">',
  '"><svg onload=window.struck=1>',
  "';window.struck=1;//",
  '[click](javascript:window.struck=1)',
  'javascript:window.struck=1',
  'https://example.org/"onmouseover="window.struck=1',
  '{{constructor.constructor("window.struck=1")()}}',
  '\u202Egnp.exe\u202C',
  '👩‍👩‍👧‍👦<b>bold</b>',
  '&lt;img src=x onerror=window.struck=1&gt;',
  'data:text/html,<script>window.struck=1</script>',
];

describe('the catalogue in a browser', () => {
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

  it('W12: shows hostile names and messages as text', async () => {
    const witness = await ChromiumGuest.arrive(browser, 'Witness');
    await witness.page.addInitScript(() => {
      const seen = ((window as unknown as { violations: string[] }).violations = [] as string[]);
      document.addEventListener('securitypolicyviolation', (event) => seen.push(`${event.violatedDirective} ${event.blockedURI}`));
    });
    await joinAs(witness, `${server.url}/r/w12?lang=en`);
    await witness.press('Chat');
    for (const name of hostile.slice(0, 6)) {
      const attacker = await ChromiumGuest.arrive(browser, name.slice(0, 60));
      await joinAs(attacker, `${server.url}/r/w12?lang=en`);
      await attacker.press('Chat');
      for (const line of hostile) {
        await attacker.page.getByRole('textbox', { name: /message/i }).fill(line);
        await attacker.page.keyboard.press('Enter');
        await attacker.page.waitForTimeout(60); // stay under the rate limit, as a person typing would
      }
      await until('the witness has its lines', async () => (await witness.page.getByText('constructor.constructor').count()) > 0);
      await attacker.close();
    }
    await witness.press('People');
    const found = await witness.evaluate(() => ({
      struck: (window as unknown as { struck?: number }).struck === undefined ? 0 : 1,
      violations: (window as unknown as { violations: string[] }).violations,
      links: [...document.querySelectorAll('a[href]')].filter((link) => !/^https?:|^\/|^#|^mailto:/.test(link.getAttribute('href') ?? '')).length,
      handlers: document.querySelectorAll('[onerror],[onload],[onmouseover]').length,
    }));
    const bad = found.struck + found.violations.length + found.links + found.handlers;
    report({
      id: 'W12',
      injected: `${hostile.length} hostile texts as chat lines, 6 as names`,
      measured: `${found.struck} scripts run, ${found.violations.length} CSP reports, ${found.links} unsafe links, ${found.handlers} handlers`,
      bar: '0 of each',
      pass: bad === 0,
    });
    await witness.close();
  });

  it('W18: tells a page no address but the server’s', async () => {
    const guests: ChromiumGuest[] = [];
    for (const name of ['Ana', 'Ben']) {
      const guest = await ChromiumGuest.arrive(browser, name);
      await guest.page.addInitScript(() => {
        const seen = ((window as unknown as { heard: string[] }).heard = [] as string[]);
        const { setRemoteDescription } = RTCPeerConnection.prototype;
        RTCPeerConnection.prototype.setRemoteDescription = function (description: RTCSessionDescriptionInit) {
          seen.push(description.sdp ?? '');
          return Reflect.apply(setRemoteDescription, this, [description]) as Promise<void>;
        };
        const receive = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data')!;
        Object.defineProperty(MessageEvent.prototype, 'data', {
          get(this: MessageEvent) {
            const data: unknown = receive.get!.call(this);
            if (typeof data === 'string') seen.push(data);
            return data;
          },
        });
      });
      await joinAs(guest, `${server.url}/r/w18?lang=en`);
      guests.push(guest);
    }
    await seesAndHears(guests[0]!, 'Ben');
    const heard = (await Promise.all(guests.map((guest) => guest.evaluate(() => (window as unknown as { heard: string[] }).heard)))).flat();
    const addresses = new Set(heard.flatMap((text) => text.match(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g) ?? []));
    const own = Object.values(networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? []);
    const foreign = [...addresses].filter((address) => address !== '0.0.0.0' && !own.includes(address));
    const remote = (await stats(guests[0]!)).connection.remote ?? '';
    report({
      id: 'W18',
      injected: 'every SDP and message two pages receive, read for addresses',
      measured: `${heard.length} texts, addresses ${[...addresses].join(' ')}, connected to ${remote}`,
      bar: 'only the server’s address',
      pass: heard.length > 4 && foreign.length === 0,
    });
    for (const guest of guests) await guest.close();
  });
});
