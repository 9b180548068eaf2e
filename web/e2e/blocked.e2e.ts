import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, joinAs, launchChromium, seesAndHears, stats } from './guest';
import { Server } from './server';

/**
 * A network that lets no UDP out: of the server's addresses only those over TCP can be reached.
 * Notes how long each connection took. Runs in the page.
 */
function blockUDP(): void {
  const took = ((window as unknown as { took: number[] }).took = [] as number[]);
  const { setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function (description: RTCSessionDescriptionInit) {
    const begin = performance.now();
    if (this.connectionState === 'new') {
      this.addEventListener('connectionstatechange', () => {
        if (this.connectionState === 'connected') took.push(performance.now() - begin);
      });
    }
    const sdp = (description.sdp ?? '').replace(/a=candidate:\S+ \d+ udp [^\r\n]*\r\n/gi, '');
    return Reflect.apply(setRemoteDescription, this, [{ type: description.type, sdp }]) as Promise<void>;
  };
}

describe('where UDP is blocked', () => {
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

  it('carries the call over TCP, connected within 3 s', async () => {
    const guests = [await ChromiumGuest.arrive(browser, 'Ana'), await ChromiumGuest.arrive(browser, 'Ben')];
    for (const guest of guests) {
      await guest.page.addInitScript(blockUDP);
      await joinAs(guest, `${server.url}/r/garden?lang=en`);
    }
    const [ana, ben] = guests as [ChromiumGuest, ChromiumGuest];
    await seesAndHears(ana, 'Ben');
    await seesAndHears(ben, 'Ana');
    for (const guest of guests) {
      expect((await stats(guest)).connection.protocol).toBe('tcp');
      const took = await guest.evaluate(() => (window as unknown as { took: number[] }).took);
      expect(took.length).toBeGreaterThan(0);
      expect(took[0]).toBeLessThan(3_000);
    }
  });
});
