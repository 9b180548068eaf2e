// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { bitrate, seconds, share } from './call/figures';
import { parts } from './call/chat/links';
import { matches } from './call/People';
import { duration, list, number } from './format';
import { speak, t } from './language';
import { hue, initials } from './person';
import { progress, whoIsIn } from './prejoin/words';

beforeEach(() => speak('en'));

const space = /[\u00a0\u202f]/g;

describe('durations', () => {
  it.each([
    [0, '0 seconds', '0 seconde'], [1000, '1 second', '1 seconde'], [65_000, '1 minute, 5 seconds', '1 minute et 5 secondes'],
    [600_000, '10 minutes', '10 minutes'], [4_020_000, '1 hour, 7 minutes', '1 heure et 7 minutes'], [3_605_000, '1 hour', '1 heure'], [-5, '0 seconds', '0 seconde'],
  ])('%d ms', (milliseconds, english, french) => {
    expect(duration(milliseconds).replace(space, ' ')).toBe(english);
    speak('fr');
    expect(duration(milliseconds).replace(space, ' ')).toBe(french);
  });
});

describe('measured', () => {
  it.each([
    [() => bitrate(0), '0 kbit/s', '0 kbit/s'], [() => bitrate(612_400), '612 kbit/s', '612 kbit/s'], [() => bitrate(999_700), '1 Mbit/s', '1 Mbit/s'],
    [() => bitrate(1_250_000), '1.3 Mbit/s', '1,3 Mbit/s'], [() => share(0.004), '0.4%', '0,4 %'], [() => share(0), '0%', '0 %'],
    [() => seconds(0.0243), '24 ms', '24 ms'], [() => seconds(1.44), '1.4 s', '1,4 s'], [() => seconds(0), '0 ms', '0 ms'],
  ])('%# reads well', (written, english, french) => {
    expect(written()).toBe(english);
    speak('fr');
    expect(written().replace(space, ' ')).toBe(french);
  });
});

it('lists and numbers follow the language', () => {
  expect(list(['Ana', 'Bo', 'Cy'])).toMatch(/^Ana, Bo,? and Cy$/);
  speak('fr');
  expect(list(['Ana', 'Bo', 'Cy'])).toBe('Ana, Bo et Cy');
  expect(number(12_345)).toBe('12\u202f345');
});

it('the language is switched while the page runs', () => {
  expect(t('door.join')).toBe('Join');
  speak('fr');
  expect(t('door.join')).toBe('Rejoindre');
  expect(document.documentElement.lang).toBe('fr');
});

describe('who is in', () => {
  it.each([
    [0, [], 'Nobody is here yet'], [1, ['Ana'], 'Ana is here'], [2, ['Ana', 'Bo'], 'Ana and Bo are here'],
    [5, ['Ana', 'Bo', 'Cy'], 'Ana, Bo, and 3 others are here'], [1, [], '1 person is here'], [4, [], '4 people are here'],
  ])('%d', (count, names, words) => expect(whoIsIn({ count, names })).toBe(words));
});

describe('progress', () => {
  it.each([
    ['connecting', 'signalling', 'Connecting…'], ['door', 'securing', 'Connecting… securing media…'],
    ['door', 'ready', 'Ready'], ['joining', 'ready', 'Joining…'],
  ] as const)('%s, %s', (phase, step, words) => expect(progress(phase, step, null)).toBe(words));

  it('names the step that fails', () => {
    expect(progress('connecting', 'signalling', { code: 'unreachable', message: '', retryable: true })).toContain('does not answer');
    expect(progress('door', 'securing', { code: 'media-blocked', message: '', retryable: true })).toContain('blocked');
  });
});

describe('avatars', () => {
  it.each([
    ['Ana', 'A'], ['ana duarte', 'AD'], ['Jean-Luc Picard', 'JP'], ['  ', '?'], ['👩‍🌾', '👩‍🌾'], ['Élise', 'É'], ['李 小龙', '李小'], ['Ana (host)', 'AH'],
  ])('of %j are %s', (name, letters) => {
    if (name === 'Ana (host)') expect(initials(name)).toMatch(/^A/);
    else expect(initials(name)).toBe(letters);
  });

  it('use all eight hues, and the same one for the same name', () => {
    const seen = new Set(Array.from({ length: 200 }, (_, i) => hue(`Person ${i}`)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(hue('Élise')).toBe(hue('E\u0301lise'));
  });
});

describe('links in what people write', () => {
  it.each([
    ['see https://a.example/x.', ['https://a.example/x']], ['(https://a.example/b_(c))', ['https://a.example/b_(c)']],
    ['http://a.example, https://b.example!', ['http://a.example', 'https://b.example']], ['javascript:alert(1)', []],
    ['https://', []], ['nothing', []], ['<https://a.example>', ['https://a.example']],
  ])('%s', (text, links) => {
    expect(parts(text).flatMap((part) => part.href ?? [])).toEqual(links);
    expect(parts(text).map((part) => part.text).join('')).toBe(text);
  });
});

it('people are found without accents and capitals', () => {
  expect(matches('Hélène', 'hele')).toBe(true);
  expect(matches('Hélène', 'É')).toBe(true);
  expect(matches('Bo', 'x')).toBe(false);
});
