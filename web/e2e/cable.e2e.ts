import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, chromiumPath, joinAs, launchChromiumAt, received, seesAndHears, stats, tiles } from './guest';
import { Labnet } from './labnet';
import { until } from './until';

const palabre = fileURLToPath(new URL('../../bin/palabre', import.meta.url));

/** For node: asks for a page by HTTPS, whoever signed the certificate, and prints the SHA-256 of the server's public key. */
const ask = `
  require('node:https').get(process.argv[1], { rejectUnauthorized: false, agent: false }, (response) => {
    const { publicKey } = response.socket.getPeerX509Certificate();
    const key = publicKey.export({ type: 'spki', format: 'der' });
    if (response.statusCode === 200) console.log(require('node:crypto').createHash('sha256').update(key).digest('base64'));
    response.destroy();
  }).on('error', () => {});`;

/** Starts the real server at its end of the cable. Gives its address, and its key as seen from the other end. */
async function serve(lab: Labnet, data: string): Promise<{ url: string; key: string }> {
  const child = lab.spawn('server', palabre, 'serve', '--http', ':8443', '--udp', ':3478', '--data-dir', data, '--tls', 'self', '--tls-redirect', '');
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => log.push(String(chunk)));
  const url = `https://${lab.serverAddress}:8443`;
  let key = '';
  await until('the server answers over the cable', async () => {
    if (child.exitCode !== null) throw new Error(`palabre ended with ${child.exitCode}:\n${log.join('')}`);
    key = await lab.run('client', process.execPath, '-e', ask, `${url}/readyz`);
    return key !== '';
  });
  return { url, key };
}

/** Notes the fewest people a page shows from now on. Runs in the page. */
function watchTiles(): void {
  const shown = () => new Set([...document.querySelectorAll<HTMLElement>('[data-participant][data-source="camera"]')].map((tile) => tile.dataset['name'])).size;
  const page = window as unknown as { fewest: number };
  page.fewest = shown();
  new MutationObserver(() => (page.fewest = Math.min(page.fewest, shown()))).observe(document.body, { childList: true, subtree: true });
}

const refusal = await Labnet.refusal();
if (refusal) console.warn(`Nothing is tried over a cable: ${refusal}`);

/** The steps build on each other. Ben's camera is off after the first: one picture tells whether the cable works. */
describe.skipIf(refusal)('over a cable between two machines', () => {
  let data: string;
  let lab: Labnet;
  let browser: Browser;
  let ana: ChromiumGuest, ben: ChromiumGuest;
  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'palabre-e2e-'));
    lab = await Labnet.start();
    const { url, key } = await serve(lab, data);
    const chromium = lab.program('client', chromiumPath);
    browser = await launchChromiumAt(chromium, `--ignore-certificate-errors-spki-list=${key}`);
    ana = await ChromiumGuest.arrive(browser, 'Ana');
    ben = await ChromiumGuest.arrive(browser, 'Ben');
    await lab.change({ up: { delay: 40, loss: 2 }, down: { delay: 40, loss: 2 } });
    await joinAs(ana, `${url}/r/bridge?lang=en`);
    await joinAs(ben, `${url}/r/bridge?lang=en`);
  });
  afterAll(async () => {
    await browser?.close().catch(() => {}); // the lab is to be ended all the same
    await lab?.stop();
    if (data) rmSync(data, { recursive: true, force: true });
  });

  it('people see and hear each other, 40 ms away and with 2 % of the packets lost', async () => {
    await seesAndHears(ana, 'Ben');
    await seesAndHears(ben, 'Ana');
    for (const guest of [ana, ben]) {
      const { connection } = await stats(guest);
      expect(connection.protocol).toBe('udp');
      expect(connection.roundTrip).toBeGreaterThanOrEqual(80);
    }
    const { up, down } = await lab.change({});
    expect(up.lost).toBeGreaterThan(0);
    expect(down.lost).toBeGreaterThan(0);
    await ben.press('Turn camera off');
    await until('Ana knows that Ben has no camera', async () => (await stats(ana)).participants.some(({ name, camera }) => name === 'Ben' && !camera));
  });

  it('a cable out for three seconds costs nobody the connection or the tile', async () => {
    const earlier = await Promise.all([ana, ben].map(stats));
    for (const guest of [ana, ben]) {
      expect(await tiles(guest, guest === ana ? 'Ben' : 'Ana')).toBe(1);
      await guest.evaluate(watchTiles);
    }
    const before = await lab.change({ up: { dead: true }, down: { dead: true } });
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const after = await lab.change({ up: { delay: 40, loss: 2 }, down: { delay: 40, loss: 2 } });
    expect(after.up.swallowed).toBeGreaterThan(before.up.swallowed);
    expect(after.down.swallowed).toBeGreaterThan(before.down.swallowed);

    await seesAndHears(ben, 'Ana');
    const { energy } = await received(ana, 'Ben');
    await until('Ana hears Ben', async () => (await received(ana, 'Ben')).energy > energy);
    for (const [i, guest] of [ana, ben].entries()) {
      const { self, recoveries } = await stats(guest);
      expect(self).toBe(earlier[i]?.self);
      expect(recoveries.rebuilds).toBe(earlier[i]?.recoveries.rebuilds);
      expect(await guest.evaluate(() => (window as unknown as { fewest: number }).fewest)).toBe(2);
    }
  });

  it('the call goes on over TCP or the relay where UDP no longer passes', async () => {
    await lab.change({ blocked: 'udp' });
    for (const guest of [ana, ben]) {
      await until(
        `${guest.name} has another way`,
        async () => {
          const { state, protocol } = (await stats(guest)).connection;
          return state === 'connected' && (protocol === 'tcp' || protocol === 'relay');
        },
        60_000,
      );
    }
    await seesAndHears(ben, 'Ana');
    const { energy } = await received(ana, 'Ben');
    await until('Ana hears Ben', async () => (await received(ana, 'Ben')).energy > energy);
    expect((await lab.change({})).up.blocked).toBeGreaterThan(0);
  });
});
