import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChromiumGuest, idOf, joinAs, launchChromium, received, seesAndHears, stats, tiles } from './guest';
import { Server } from './server';
import { until } from './until';

/** Shares a drawn screen with a low tone at the left and a high one at the right. */
function drawScreen(): void {
  navigator.mediaDevices.getDisplayMedia = async () => {
    const canvas = document.createElement('canvas');
    canvas.width = 1280;
    canvas.height = 720;
    const pen = canvas.getContext('2d')!;
    let hue = 0;
    setInterval(() => {
      pen.fillStyle = `hsl(${(hue += 7)} 60% 60%)`;
      pen.fillRect(0, 0, 1280, 720);
    }, 100);
    const audio = new AudioContext();
    const both = audio.createChannelMerger(2);
    const out = audio.createMediaStreamDestination();
    out.channelCount = 2;
    [440, 1320].forEach((pitch, side) => {
      const tone = audio.createOscillator();
      tone.frequency.value = pitch;
      tone.connect(both, 0, side);
      tone.start();
    });
    both.connect(out);
    return new MediaStream([canvas.captureStream(10).getVideoTracks()[0]!, out.stream.getAudioTracks()[0]!]);
  };
}

/** The loudest pitch at the left and right of what the page plays, for the line on which they differ most. */
function pitches(guest: ChromiumGuest): Promise<[number, number]> {
  return guest.evaluate(async () => {
    const audio = new AudioContext();
    await audio.resume();
    const loudest = (analyser: AnalyserNode) => {
      const bins = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(bins);
      const at = bins.reduce((best, value, i) => (value > bins[best]! ? i : best), 0);
      return bins[at]! > -60 ? (at * audio.sampleRate) / analyser.fftSize : 0;
    };
    const lines = [...document.querySelectorAll<HTMLAudioElement>('.sound audio')].map((element) => {
      const split = audio.createChannelSplitter(2);
      const sides = [0, 1].map((side) => {
        const analyser = audio.createAnalyser();
        analyser.fftSize = 4096;
        split.connect(analyser, side);
        return analyser;
      });
      audio.createMediaStreamSource(element.srcObject as MediaStream).connect(split);
      return sides;
    });
    await new Promise((resolve) => setTimeout(resolve, 400)); // the window of the analysis fills
    const found = lines.map((sides) => sides.map(loudest) as [number, number]);
    await audio.close();
    return found.sort((a, b) => Math.abs(b[0] - b[1]) - Math.abs(a[0] - a[1]))[0] ?? [0, 0];
  });
}

/** Screens, views and pages, as three people see them. The steps build on each other. */
describe('the stage of three people', () => {
  let server: Server;
  let browser: Browser;
  let ana: ChromiumGuest, ben: ChromiumGuest, chloe: ChromiumGuest;

  beforeAll(async () => {
    server = await Server.start();
    browser = await launchChromium();
    [ana, ben, chloe] = (await Promise.all(['Ana', 'Ben', 'Chloé'].map((name) => ChromiumGuest.arrive(browser, name)))) as [ChromiumGuest, ChromiumGuest, ChromiumGuest];
    for (const guest of [ben, chloe]) await guest.page.addInitScript(drawScreen);
    for (const guest of [ana, ben, chloe]) await joinAs(guest, `${server.url}/r/stage?lang=en`);
    for (const name of ['Ben', 'Chloé']) await seesAndHears(ana, name);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Which share of the stage a tile takes. */
  const share = (name: string, source: 'camera' | 'screen') =>
    ana.evaluate(
      ({ name, source }) => {
        const area = document.querySelector<HTMLElement>('.stage-area')!;
        const tile = document.querySelector<HTMLElement>(`[data-name="${name}"][data-source="${source}"]`);
        return tile ? (tile.offsetWidth * tile.offsetHeight) / (area.offsetWidth * area.offsetHeight) : 0;
      },
      { name, source },
    );
  const menu = async (item: string) => {
    await ana.press('More');
    await ana.press(item);
  };

  it('shows two screens at once, for one more exchange of SDP', async () => {
    const before = (await stats(ana)).sdpExchanges;
    await ben.press('Share screen');
    await until('Ana sees Ben’s screen', async () => (await received(ana, 'Ben', 'stage')).frames > 0);
    expect((await stats(ana)).sdpExchanges).toBe(before);
    expect(await share('Ben', 'screen')).toBeGreaterThan(0.6);
    await chloe.press('Share screen');
    await until('Ana sees both screens', async () => {
      const [first, second] = await Promise.all(['Ben', 'Chloé'].map((name) => received(ana, name, 'stage')));
      return first!.frames > 0 && second!.frames > 0;
    });
    expect((await stats(ana)).sdpExchanges).toBe(before + 1);
    expect([await tiles(ana, 'Ben', 'screen'), await tiles(ana, 'Chloé', 'screen')]).toEqual([1, 1]);
    await seesAndHears(ana, 'Ben');
  });

  it('plays the sound of a screen in stereo', async () => {
    let heard: [number, number] = [0, 0];
    await until('left and right differ', async () => {
      heard = await pitches(ana);
      return Math.abs(heard[0] - 440) < 30 && Math.abs(heard[1] - 1320) < 30;
    }).catch((error: Error) => {
      throw new Error(`${error.message}: heard ${heard.map(Math.round).join(' and ')} Hz`);
    });
  });

  it('goes back to one screen, then none, without another exchange', async () => {
    const before = (await stats(ana)).sdpExchanges;
    await chloe.press('Stop sharing');
    await until('one screen is left', async () => (await tiles(ana, 'Chloé', 'screen')) === 0, 5_000);
    const { frames } = await received(ana, 'Ben', 'stage');
    await until('it goes on', async () => (await received(ana, 'Ben', 'stage')).frames > frames);
    await ben.press('Stop sharing');
    await until('no screen is left', async () => (await tiles(ana, 'Ben', 'screen')) === 0, 5_000);
    expect((await stats(ana)).sdpExchanges).toBe(before);
  });

  it('changes between grid and speaker', async () => {
    await menu('Speaker view');
    await until('somebody is large', async () => Math.max(await share('Ben', 'camera'), await share('Chloé', 'camera')) > 0.5);
    expect(await ana.page.locator('.tile.strip').count()).toBe(2);
    await menu('Grid view');
    await until('all are alike', async () => Math.abs((await share('Ben', 'camera')) - (await share('Chloé', 'camera'))) < 0.01);
  });

  it('makes a pinned person large, and sharper', async () => {
    await ana.page.setViewportSize({ width: 1280, height: 800 });
    await ana.page.locator('[data-name="Chloé"]').hover();
    await ana.press('Pin Chloé');
    await until('Chloé is large', async () => (await share('Chloé', 'camera')) > 0.6);
    await until('her picture is sharp', async () => (await received(ana, 'Chloé')).height >= 540);
    await ana.press('Unpin Chloé');
    await until('all are alike', async () => Math.abs((await share('Ben', 'camera')) - (await share('Chloé', 'camera'))) < 0.01);
  });

  it('turns pages where not everybody has room, and asks only for who is in sight', async () => {
    await ana.page.setViewportSize({ width: 320, height: 210 });
    await ana.page.getByRole('button', { name: 'Next page', exact: true }).waitFor();
    const seen = () => ana.page.locator('.tile').evaluateAll((all) => all.map((tile) => (tile as HTMLElement).dataset['name']!));
    const first = await seen();
    expect(first.length).toBeLessThan(3);
    await ana.press('Next page');
    await until('others are in sight', async () => (await seen()).every((name) => !first.includes(name)));
    await ana.press('Previous page');
    await until('the first are back', async () => (await seen()).join() === first.join());
    for (const name of first.filter((name) => name !== 'Ana')) await seesAndHears(ana, name);
    const hidden = ['Ben', 'Chloé'].filter((name) => !first.includes(name));
    for (const name of hidden) {
      const id = await idOf(ana, name);
      await until('no picture of who is out of sight is sent', async () => !(await stats(ana)).seats.some((seat) => seat.participant === id && seat.kind === 'seat' && (seat.video?.bitrate ?? 0) > 0));
    }
    await ana.page.setViewportSize({ width: 900, height: 600 });
    await until('all are in sight again', async () => (await seen()).length === 3);
    for (const name of ['Ben', 'Chloé']) await seesAndHears(ana, name);
  });

  it('reported no script error', () => {
    expect([ana, ben, chloe].flatMap((guest) => guest.errors)).toEqual([]);
  });
});
