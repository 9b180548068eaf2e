import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Key } from '../locales/catalogue';
import type { Values } from '../locales/text';
import { ChromiumGuest, joinAs, launchChromium } from './guest';
import { Server } from './server';
import { shoot } from './shots';
import { until } from './until';
import { textIn } from './words';

function en<K extends Key>(key: K, ...values: Values<K>): string {
  return textIn('en', key, ...values);
}

/** The card of a question, as somebody sees it. */
function card(guest: ChromiumGuest, question: string): Locator {
  return guest.page.locator('.poll').filter({ has: guest.page.getByRole('heading', { name: question, exact: true }) });
}

/** Opens the panel by the menu, as anybody would. */
async function openPolls(guest: ChromiumGuest): Promise<void> {
  await guest.press(en('bar.more'));
  await guest.page.locator('.menu-item').filter({ hasText: en('polls.title') }).click();
  await guest.page.locator('.polls').waitFor();
}

interface Asked { question: string; answers: string[]; multiple?: boolean; anonymous?: boolean; results?: Key }

async function ask(guest: ChromiumGuest, { question, answers, multiple, anonymous, results }: Asked): Promise<void> {
  const { page } = guest;
  await guest.press(en('polls.new'));
  await guest.type(en('polls.question'), question);
  for (const [i, answer] of answers.entries()) {
    if (i > 1) await guest.press(en('polls.addAnswer'));
    await guest.type(en('polls.answer', { number: String(i + 1) }), answer);
  }
  if (multiple) await page.getByRole('switch', { name: en('polls.multiple') }).check();
  if (anonymous) await page.getByRole('switch', { name: en('polls.anonymous') }).check();
  if (results) await page.getByRole('radio', { name: textIn('en', results as 'polls.live') }).check();
  if (question === 'Which fields?') await shoot(guest, 'polls-form');
  await guest.press(en('polls.ask'));
  await card(guest, question).waitFor();
}

async function vote(guest: ChromiumGuest, question: string, ...answers: string[]): Promise<void> {
  const poll = card(guest, question);
  for (const answer of answers) await poll.locator('label').filter({ hasText: answer }).click();
  await poll.locator('button[type=submit]').click();
  await poll.getByText(en('polls.voted')).waitFor();
}

/** The counts somebody sees, in the order of the answers. */
async function counts(guest: ChromiumGuest, question: string): Promise<string> {
  const texts = await card(guest, question).locator('.poll-option-count .aside').allTextContents();
  return texts.map((text) => text.replace(/\D/g, '')).join(' ');
}

async function sees(guest: ChromiumGuest, question: string, wanted: string): Promise<void> {
  await until(`${guest.name} sees ${wanted || 'no counts'}`, async () => (await counts(guest, question)) === wanted);
}

/** Three people ask and answer. The steps build on each other. */
describe('polls', () => {
  let server: Server;
  let browser: Browser;
  let ana: ChromiumGuest, ben: ChromiumGuest, chloe: ChromiumGuest;

  beforeAll(async () => {
    server = await Server.start();
    browser = await launchChromium();
    [ana, ben, chloe] = await Promise.all(['Ana', 'Ben', 'Chloé'].map((name) => ChromiumGuest.arrive(browser, name, { viewport: { width: 1000, height: 700 } }))) as [ChromiumGuest, ChromiumGuest, ChromiumGuest];
    const token = await server.command('token', '--room', 'polls', '--role', 'host');
    await joinAs(ana, `${server.url}/r/polls?lang=en#token=${token}`);
    await joinAs(ben, `${server.url}/r/polls?lang=en`);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  it('tell others gently of a question, and show the answers as they come', async () => {
    await openPolls(ana);
    await ask(ana, { question: 'When next?', answers: ['Thursday', 'Friday', 'Never'] });
    await ben.page.getByText(en('polls.asks', { name: 'Ana', question: 'When next?' })).first().waitFor();
    await shoot(ben, 'polls-notice');
    await ben.press(en('polls.answerIt'));
    await vote(ben, 'When next?', 'Friday');
    await sees(ana, 'When next?', '0 1 0');
    await vote(ana, 'When next?', 'Friday');
    await vote(ben, 'When next?', 'Thursday');
    for (const guest of [ana, ben]) await sees(guest, 'When next?', '1 1 0');
    await card(ana, 'When next?').getByText(en('polls.who')).click();
    await card(ana, 'When next?').locator('dd').filter({ hasText: 'Ben' }).waitFor();
    await shoot(ana, 'polls-named');
  });

  it('are there for who comes late', async () => {
    await joinAs(chloe, `${server.url}/r/polls?lang=en`);
    await openPolls(chloe);
    await sees(chloe, 'When next?', '1 1 0');
    expect(await chloe.page.getByRole('button', { name: en('polls.new') }).count()).toBe(0);
    await vote(chloe, 'When next?', 'Never');
    await sees(ana, 'When next?', '1 1 1');
  });

  it('take several answers, hidden until the end', async () => {
    await ask(ana, { question: 'Which fields?', answers: ['North', 'South', 'West'], multiple: true, results: 'polls.closed' });
    await vote(ben, 'Which fields?', 'North', 'West');
    await vote(chloe, 'Which fields?', 'North');
    await sees(ana, 'Which fields?', '2 0 1');
    expect(await counts(ben, 'Which fields?')).toBe('');
    await card(ana, 'Which fields?').getByRole('button', { name: en('polls.close') }).click();
    for (const guest of [ben, chloe]) await sees(guest, 'Which fields?', '2 0 1');
    expect(await card(ben, 'Which fields?').locator('input').count()).toBe(0);
  });

  it('keep anonymous votes nobody’s and private results the asker’s until they are shown', async () => {
    await ask(ana, { question: 'Worth it?', answers: ['Yes', 'No'], anonymous: true, results: 'polls.private' });
    await vote(ben, 'Worth it?', 'No');
    await vote(ben, 'Worth it?', 'Yes');
    await vote(chloe, 'Worth it?', 'Yes');
    await sees(ana, 'Worth it?', '2 0');
    expect(await counts(ben, 'Worth it?')).toBe('');
    expect(await card(ana, 'Worth it?').getByText(en('polls.who')).count()).toBe(0);
    await card(ana, 'Worth it?').getByRole('button', { name: en('polls.show') }).click();
    for (const guest of [ben, chloe]) await sees(guest, 'Worth it?', '2 0');
    await shoot(ben, 'polls-shown');
  });

  it('are exported as a table, and deleted', async () => {
    const closed = card(ana, 'Which fields?');
    await closed.getByText(en('polls.export'), { exact: true }).click();
    const [download] = await Promise.all([ana.page.waitForEvent('download'), closed.getByRole('button', { name: en('polls.csv') }).click()]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString('utf8').split('\r\n').slice(0, 2)).toEqual(['\ufeffquestion,answer,votes,people,voters', 'Which fields?,North,2,2,"Ben; Chloé"']);
    await shoot(ana, 'polls-all');
    const first = card(ana, 'When next?');
    await first.getByRole('button', { name: en('polls.delete'), exact: true }).click();
    await first.getByRole('button', { name: en('polls.deleteSure') }).click();
    for (const guest of [ana, ben, chloe]) await until(`${guest.name} no longer sees it`, async () => (await card(guest, 'When next?').count()) === 0);
    for (const guest of [ana, ben, chloe]) expect(guest.errors).toEqual([]);
  });
});
