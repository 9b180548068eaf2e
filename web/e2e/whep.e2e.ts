import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, joinAs, launchChromium, seesAndHears, tiles } from './guest';
import { Server } from './server';
import { until } from './until';

/** Where a plain page keeps its connection and its session's address. */
interface Plain {
  pc: RTCPeerConnection;
  session: string;
}

/** What a server said to an offer. */
interface Begun {
  status: number;
  location: string | null;
  etag: string | null;
}

/** Offers over WHIP or WHEP with what any browser has, and nothing of ours. Runs in the page. */
async function begin({ url, token, send }: { url: string; token: string; send: boolean }): Promise<Begun> {
  const pc = new RTCPeerConnection();
  if (send) {
    const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    for (const track of media.getTracks()) pc.addTransceiver(track, { direction: 'sendonly', streams: [media] });
  } else {
    const picture = document.body.appendChild(document.createElement('video'));
    picture.autoplay = true;
    const tracks = ['audio', 'video'].map((kind) => pc.addTransceiver(kind, { direction: 'recvonly' }).receiver.track);
    picture.srcObject = new MediaStream(tracks); // what nobody plays, Chromium does not decode
  }
  await pc.setLocalDescription();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp', Authorization: `Bearer ${token}` },
    body: pc.localDescription!.sdp,
  });
  const location = response.headers.get('Location');
  if (response.ok) await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
  Object.assign(window, { plain: { pc, session: new URL(location ?? '', url).href } });
  return { status: response.status, location, etag: response.headers.get('ETag') };
}

/** Ends the session; the status of the answer. Runs in the page. */
async function end(token: string): Promise<number> {
  const { session } = (window as unknown as { plain: Plain }).plain;
  const response = await fetch(session, { method: 'DELETE', headers: { Authorization: `Bearer ${token}` } });
  return response.status;
}

/** Restarts ICE by PATCH; the status of the answer. Runs in the page. */
async function restart(token: string): Promise<number> {
  const { pc, session } = (window as unknown as { plain: Plain }).plain;
  const attribute = (sdp: string, name: string) => new RegExp(`a=${name}:(\\S+)`).exec(sdp)?.[1] ?? '';
  await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
  const { sdp } = pc.localDescription!;
  const response = await fetch(session, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', Authorization: `Bearer ${token}`, 'If-Match': '*' },
    body: `a=ice-ufrag:${attribute(sdp, 'ice-ufrag')}\r\na=ice-pwd:${attribute(sdp, 'ice-pwd')}\r\n`,
  });
  const fragment = await response.text();
  let answer = pc.currentRemoteDescription!.sdp;
  for (const name of ['ice-ufrag', 'ice-pwd']) answer = answer.replaceAll(attribute(answer, name), attribute(fragment, name));
  await pc.setRemoteDescription({ type: 'answer', sdp: answer });
  return response.status;
}

/** What the plain page has decoded so far. Runs in the page. */
async function decoded(): Promise<{ frames: number; energy: number }> {
  const total = { frames: 0, energy: 0 };
  for (const report of (await (window as unknown as { plain: Plain }).plain.pc.getStats()).values()) {
    if (report.type !== 'inbound-rtp') continue;
    total.frames += report.framesDecoded ?? 0;
    total.energy += report.totalAudioEnergy ?? 0;
  }
  return total;
}

async function plays(page: Page): Promise<void> {
  const before = await page.evaluate(decoded);
  let now = before;
  await until('the player decodes moving pictures and sound', async () => {
    now = await page.evaluate(decoded);
    return now.frames >= before.frames + 10 && now.energy > before.energy;
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify({ before, now })}`);
  });
}

/** Encoders and players that know nothing of Palabre: a PeerConnection and fetch. The steps build on each other. */
describe('WHIP and WHEP from a plain page', () => {
  let server: Server;
  let browser: Browser;
  let ana: ChromiumGuest;
  let studio: Page, player: Page;
  let publishing: string, viewing: string;

  beforeAll(async () => {
    server = await Server.start();
    browser = await launchChromium();
    ana = await ChromiumGuest.arrive(browser, 'Ana');
    // A page of this server without scripts, and one of another site.
    studio = await browser.newPage();
    await studio.goto(`${server.url}/healthz`);
    player = await browser.newPage();
    await player.goto(`http://127.0.0.1:${server.http}/healthz`);
    publishing = await server.command('token', '--room', 'garden', '--name', 'Studio', '--sub', 'studio');
    viewing = await server.command('token', '--room', 'garden', '--role', 'viewer');
    await joinAs(ana, `${server.url}/r/garden?lang=en`);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  it('publishes into the room, seen and heard by a joined page', async () => {
    const begun = await studio.evaluate(begin, { url: `${server.url}/whip/garden`, token: publishing, send: true });
    expect(begun).toMatchObject({ status: 201, location: expect.stringMatching(/^\/whip\/garden\/.+/), etag: expect.stringMatching(/^".+"$/) });
    await seesAndHears(ana, 'Studio');
  });

  it('plays the room to a page of another site', async () => {
    const begun = await player.evaluate(begin, { url: `${server.url}/whep/garden?participant=studio`, token: viewing, send: false });
    expect(begun).toMatchObject({ status: 201, location: expect.stringMatching(/^\/whep\/garden\/.+/), etag: expect.stringMatching(/^".+"$/) });
    await plays(player);
  });

  it('goes on after both have restarted ICE', async () => {
    expect(await studio.evaluate(restart, publishing)).toBe(200);
    expect(await player.evaluate(restart, viewing)).toBe(200);
    await seesAndHears(ana, 'Studio');
    await plays(player);
  });

  it('lets a viewer publish nothing', async () => {
    const page = await browser.newPage();
    await page.goto(`${server.url}/healthz`);
    expect(await page.evaluate(begin, { url: `${server.url}/whip/garden`, token: viewing, send: true })).toMatchObject({ status: 403 });
    await page.close();
  });

  it('ends with DELETE, and the publisher is gone', async () => {
    expect(await player.evaluate(end, viewing)).toBe(200);
    expect(await studio.evaluate(end, publishing)).toBe(200);
    await until('the tile is gone', async () => (await tiles(ana, 'Studio')) === 0, 5_000);
    expect(ana.errors).toEqual([]);
  });
});
