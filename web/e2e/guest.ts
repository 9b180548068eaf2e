import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import puppeteer, { type Browser as FirefoxBrowser, type Page as FirefoxPage } from 'puppeteer-core';
import type { MeetingStats } from '../sdk/stats';
import { until } from './until';

export const chromiumPath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Chromium with a fake camera, microphone and screen that grants itself permission. */
export function launchChromium(...flags: string[]): Promise<Browser> {
  return launchChromiumAt(chromiumPath, ...flags);
}

/** Likewise, by a program that leads to it. */
export function launchChromiumAt(executablePath: string, ...flags: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-device-for-media-stream=fps=15',
      '--use-fake-ui-for-media-stream',
      '--auto-accept-this-tab-capture',
      '--autoplay-policy=no-user-gesture-required',
      ...flags,
    ],
  });
}

/** Firefox likewise. It takes any certificate, for the page and for TURN. */
export function launchFirefox(preferences: Record<string, unknown> = {}): Promise<FirefoxBrowser> {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env['FIREFOX'] ?? '/usr/bin/firefox-esr',
    headless: true,
    acceptInsecureCerts: true,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.peerconnection.ice.loopback': true,
      'media.autoplay.default': 0,
      'media.gmp-manager.updateEnabled': false,
      'intl.accept_languages': 'en',
      ...preferences,
    },
  });
}

/** A person at a page, in whichever browser: what a test does is what they could do. */
export interface Guest {
  readonly name: string;
  open(url: string): Promise<void>;
  /** Clicks the button of this accessible name. */
  press(button: string): Promise<void>;
  type(field: string, text: string): Promise<void>;
  evaluate<Result>(work: () => Result | Promise<Result>): Promise<Result>;
  evaluate<Result, Argument>(work: (argument: Argument) => Result | Promise<Result>, argument: Argument): Promise<Result>;
  close(): Promise<void>;
}

export class ChromiumGuest implements Guest {
  /** Requests to hosts other than the page's own, and scripts that failed. */
  readonly foreign: string[] = [];
  readonly errors: string[] = [];

  private constructor(
    readonly name: string,
    readonly page: Page,
  ) {}

  static async arrive(browser: Browser, name: string, options: BrowserContextOptions = {}): Promise<ChromiumGuest> {
    const context = await browser.newContext({ viewport: { width: 900, height: 600 }, locale: 'en-GB', ...options });
    const guest = new ChromiumGuest(name, await context.newPage());
    guest.page.on('request', (request) => {
      const url = new URL(request.url());
      if (/^(https?|wss?):$/.test(url.protocol) && url.hostname !== 'localhost') guest.foreign.push(request.url());
    });
    guest.page.on('pageerror', (error) => guest.errors.push(String(error)));
    guest.page.on('console', (message) => {
      if (message.type() === 'error') guest.errors.push(message.text());
    });
    return guest;
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url);
  }
  async press(button: string): Promise<void> {
    await this.page.getByRole('button', { name: button, exact: true }).first().click();
  }
  async type(field: string, text: string): Promise<void> {
    await this.page.getByRole('textbox', { name: field, exact: true }).fill(text);
  }
  evaluate<Result, Argument>(work: (argument: Argument) => Result | Promise<Result>, argument?: Argument): Promise<Result> {
    return this.page.evaluate(work as never, argument as never);
  }
  async close(): Promise<void> {
    await this.page.context().close();
  }
}

export class FirefoxGuest implements Guest {
  private constructor(
    readonly name: string,
    readonly page: FirefoxPage,
  ) {}

  static async arrive(browser: FirefoxBrowser, name: string): Promise<FirefoxGuest> {
    const page = await browser.newPage();
    await page.setViewport({ width: 900, height: 600 });
    return new FirefoxGuest(name, page);
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url);
  }
  async press(button: string): Promise<void> {
    await this.page.locator(`::-p-aria([name="${button}"][role="button"])`).click();
  }
  async type(field: string, text: string): Promise<void> {
    await this.page.locator(`::-p-aria([name="${field}"][role="textbox"])`).fill(text);
  }
  evaluate<Result, Argument>(work: (argument: Argument) => Result | Promise<Result>, argument?: Argument): Promise<Result> {
    return this.page.evaluate(work as never, argument as never) as Promise<Result>;
  }
  async close(): Promise<void> {
    await this.page.close();
  }
}

/** Opens the room's page, gives the name and joins; returns when in. */
export async function joinAs(guest: Guest, url: string): Promise<void> {
  await guest.open(url);
  await until(`${guest.name} sees the door`, () => guest.evaluate(() => document.querySelector('input') !== null));
  await guest.type('Your name', guest.name);
  await guest.press('Join');
  await until(`${guest.name} is in`, async () => (await stats(guest)).phase === 'joined');
}

export function stats(guest: Guest): Promise<MeetingStats> {
  return guest.evaluate(() => (window as unknown as { palabre: { stats(): Promise<MeetingStats> } }).palabre.stats());
}

/** The id of the participant this page sees under a name. */
export async function idOf(guest: Guest, name: string): Promise<string | undefined> {
  return (await stats(guest)).participants.find((participant) => participant.name === name)?.id;
}

export interface Received {
  frames: number;
  energy: number;
  height: number;
  freezes: number;
}

/** What a page has decoded of somebody so far, over all seats they sit in. */
export async function received(guest: Guest, name: string, kind: 'person' | 'stage' = 'person'): Promise<Received> {
  const snapshot = await stats(guest);
  const id = snapshot.participants.find((participant) => participant.name === name)?.id;
  const seats = snapshot.seats.filter((seat) => id && seat.participant === id && (seat.kind === 'stage') === (kind === 'stage'));
  const sum = (pick: (seat: (typeof seats)[number]) => number | undefined) => seats.reduce((total, seat) => total + (pick(seat) ?? 0), 0);
  return {
    frames: sum((seat) => seat.video?.frames),
    energy: sum((seat) => seat.audio?.audioEnergy),
    height: Math.max(0, ...seats.map((seat) => seat.video?.height ?? 0)),
    freezes: sum((seat) => seat.video?.freezes),
  };
}

/** The brightest colour of a tile's picture on average, 0 (black) to 255; -1 without a picture. */
export function brightness(guest: Guest, id: string, source: 'camera' | 'screen'): Promise<number> {
  return guest.evaluate(
    ({ id, source }) => {
      const video = document.querySelector<HTMLVideoElement>(`[data-participant="${id}"][data-source="${source}"] video`);
      if (!video || video.videoWidth === 0) return -1;
      const canvas = document.createElement('canvas');
      canvas.width = 32;
      canvas.height = 18;
      const context = canvas.getContext('2d');
      if (!context) return -1;
      context.drawImage(video, 0, 0, 32, 18);
      const { data } = context.getImageData(0, 0, 32, 18);
      const mean = [0, 1, 2].map((channel) => data.reduce((sum, value, i) => (i % 4 === channel ? sum + value : sum), 0) / (data.length / 4));
      return Math.max(...mean);
    },
    { id, source },
  );
}

/** Waits until a page decodes ever more frames of somebody, not black, and hears them. */
export async function seesAndHears(guest: Guest, other: string, within = 40_000): Promise<void> {
  const before = await received(guest, other);
  let now = before;
  let picture = -1;
  await until(
    `${guest.name} sees and hears ${other}`,
    async () => {
      now = await received(guest, other);
      const id = await idOf(guest, other);
      picture = id ? await brightness(guest, id, 'camera') : -1;
      return now.frames >= before.frames + 10 && now.energy > before.energy && picture > 32;
    },
    within,
    250,
  ).catch((error: Error) => {
    throw new Error(`${error.message}: frames ${before.frames} → ${now.frames}, energy ${before.energy} → ${now.energy}, brightness ${picture}`);
  });
}

/** How many tiles of somebody's source a page shows. */
export function tiles(guest: Guest, name: string, source: 'camera' | 'screen' = 'camera'): Promise<number> {
  return guest.evaluate(({ name, source }) => document.querySelectorAll(`[data-participant][data-name="${name}"][data-source="${source}"]`).length, {
    name,
    source,
  });
}
