import { createHash, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { Browser } from 'playwright-core';
import type { Browser as FirefoxBrowser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, FirefoxGuest, joinAs, launchChromium, launchFirefox, received, seesAndHears, stats, type Guest } from './guest';
import { Proxy } from './proxy';
import { Server } from './server';
import { until } from './until';

/** Lets media go over a relay and no other way, and keeps what was refused. Runs in the page. */
function relayOnly(): void {
  const refused = ((window as unknown as { refused: string[] }).refused = [] as string[]);
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super({ ...configuration, iceTransportPolicy: 'relay' });
      this.addEventListener('icecandidateerror', ({ errorCode, errorText }) => refused.push(`${errorCode} ${errorText}`));
    }
  };
}

/** The SHA-256 of a server's public key, by which Chromium is told to trust it: for the page and for TURN. */
function publicKey(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: 'localhost', rejectUnauthorized: false }, () => {
      const { publicKey: key } = new X509Certificate(socket.getPeerCertificate().raw);
      socket.destroy();
      resolve(createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('base64'));
    });
    socket.once('error', reject);
  });
}

/** Has a page do what it does when the system says that the network changed. */
function changeNetwork(guest: Guest): Promise<void> {
  return guest.evaluate(() => void window.dispatchEvent(new Event('online')));
}

/** The candidate a page uses: an ICE restart takes another. */
async function local(guest: Guest): Promise<string | undefined> {
  return (await stats(guest)).connection.local;
}

/** The steps build on each other. */
describe('where nothing but the HTTPS port can be reached', () => {
  let server: Server;
  let proxy: Proxy;
  let browser: Browser;
  let firefox: FirefoxBrowser | undefined;
  let ana: ChromiumGuest, ben: ChromiumGuest;
  beforeAll(async () => {
    server = await Server.start('--tls', 'self', '--tls-redirect', '');
    proxy = await Proxy.before(server.http);
    browser = await launchChromium(`--ignore-certificate-errors-spki-list=${await publicKey(server.http)}`);
    ana = await ChromiumGuest.arrive(browser, 'Ana');
    ben = await ChromiumGuest.arrive(browser, 'Ben');
    for (const { page } of [ana, ben]) await page.addInitScript(relayOnly);
  });
  afterAll(async () => {
    await firefox?.close();
    await browser?.close();
    await proxy?.close();
    await server?.stop();
  });

  const relayed = (what: string) => server.metric(`palabre_turn_${what}`);
  const refused = () => ana.evaluate(() => (window as unknown as { refused: string[] }).refused);

  it('carries the call over TURN inside TLS', async () => {
    // Ana's one way is a wire that can be cut; Ben's goes straight to the server.
    await joinAs(ana, `https://localhost:${proxy.port}/r/garden?lang=en`);
    await joinAs(ben, `${server.url}/r/garden?lang=en`);
    await seesAndHears(ana, 'Ben');
    await seesAndHears(ben, 'Ana');
    for (const guest of [ana, ben]) expect((await stats(guest)).connection).toMatchObject({ protocol: 'relay', relay: 'tls' });
    expect(await relayed('open{what="allocations"}')).toBeGreaterThanOrEqual(2);
    expect(await relayed('bytes_total{direction="in"}')).toBeGreaterThan(0);
    expect(await relayed('bytes_total{direction="out"}')).toBeGreaterThan(0);
  });

  it('goes over to a new allocation at each ICE restart, and loses no picture', async () => {
    for (const restart of [1, 2, 3]) {
      const [before, way] = [await received(ana, 'Ben'), await local(ana)];
      await changeNetwork(ana);
      await until('another way is looked for', async () => (await stats(ana)).recoveries.iceRestarts >= restart);
      await until('Ana has another relayed address', async () => (await local(ana)) !== way);
      await seesAndHears(ana, 'Ben');
      await seesAndHears(ben, 'Ana');
      expect((await received(ana, 'Ben')).freezes).toBeLessThanOrEqual(before.freezes + 1);
    }
    expect(await refused()).toEqual([]);
    expect((await stats(ana)).recoveries).toEqual({ iceRestarts: 3, rebuilds: 0, reconnects: 0 });
  });

  it('comes back when the wire was cut', async () => {
    const [id, way] = [(await stats(ana)).self, await local(ana)];
    proxy.cut();
    await until('Ana has another relayed address', async () => {
      const { phase, connection } = await stats(ana);
      return phase === 'joined' && connection.state === 'connected' && connection.local !== way;
    });
    await seesAndHears(ana, 'Ben');
    await seesAndHears(ben, 'Ana');
    expect((await stats(ana)).connection.protocol).toBe('relay');
    expect((await stats(ana)).self).toBe(id);
  });

  it('carries Firefox likewise', async () => {
    firefox = await launchFirefox({ 'media.peerconnection.ice.relay_only': true });
    const fleur = await FirefoxGuest.arrive(firefox, 'Fleur');
    await joinAs(fleur, `${server.url}/r/garden?lang=en`);
    await seesAndHears(fleur, 'Ana', 60_000);
    await seesAndHears(ana, 'Fleur', 60_000);
    const way = await local(fleur);
    await changeNetwork(fleur);
    await until('Fleur has another relayed address', async () => (await local(fleur)) !== way);
    await seesAndHears(fleur, 'Ana', 60_000);
    await seesAndHears(ana, 'Fleur', 60_000);
    const { connection, recoveries } = await stats(fleur);
    expect(connection).toMatchObject({ protocol: 'relay', relay: 'tls' });
    expect(recoveries).toEqual({ iceRestarts: 1, rebuilds: 0, reconnects: 0 });
    await fleur.press('Leave');
    await until('Fleur is gone', async () => (await stats(ana)).participants.length === 2);
  });

  it('ends the relaying with the meeting', async () => {
    for (const guest of [ana, ben]) await guest.press('Leave');
    await until('nobody is relayed', async () => (await relayed('open{what="allocations"}')) === 0);
    await until('no connection is left', async () => (await relayed('open{what="connections"}')) === 0);
  });
});

describe('an ICE restart over UDP', () => {
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

  it('keeps picture and sound going both ways', async () => {
    const ana = await ChromiumGuest.arrive(browser, 'Ana');
    const ben = await ChromiumGuest.arrive(browser, 'Ben');
    const room = `${server.url}/r/meadow?lang=en`;
    await joinAs(ana, room);
    await joinAs(ben, room);
    await seesAndHears(ana, 'Ben');
    await seesAndHears(ben, 'Ana');
    const counted = async () => [await received(ana, 'Ben'), await received(ben, 'Ana')] as const;
    const [before, way] = [await counted(), await local(ana)];
    await changeNetwork(ana);
    await until('Ana has another way', async () => (await local(ana)) !== way);
    await seesAndHears(ana, 'Ben');
    await seesAndHears(ben, 'Ana');
    const after = await counted();
    for (const side of [0, 1] as const) expect(after[side].freezes).toBeLessThanOrEqual(before[side].freezes + 1);
    const { recoveries, connection } = await stats(ana);
    expect(recoveries).toEqual({ iceRestarts: 1, rebuilds: 0, reconnects: 0 });
    expect(connection.protocol).toBe('udp');
  });
});
