// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { inCall } from '../../locales/call';
import { addTexts } from '../../locales/text';
import type { WeakLink } from '../../sdk';
import { speak } from '../language';
import { barsOf, remedy, sentence } from './quality';

addTexts(inCall);
beforeEach(() => speak('en'));

describe('the bars of a person', () => {
  const grades = { ana: { up: 1, down: 3 }, bo: { up: 3, down: 2 }, cy: { up: 3, down: 3 } } as const;

  it.each([['ana', 1], ['bo', 2], ['cy', 3]] as const)('of %s are those of the worse direction', (id, bars) => {
    expect(barsOf(grades, { id })).toBe(bars);
  });

  it('are none while nobody knows, and for who is away', () => {
    expect(barsOf(grades, { id: 'di' })).toBeUndefined();
    expect(barsOf(grades, { id: 'ana', away: true })).toBeUndefined();
  });
});

describe('the sentence', () => {
  it.each([
    [{ whose: 'mine', direction: 'up', bars: 1 }, 'Your connection is weak: others may not see you clearly', 'Votre connexion est faible\u202f: on vous voit peut-être mal'],
    [{ whose: 'mine', direction: 'down', bars: 1 }, 'Your connection is weak: pictures may blur or stop', 'Votre connexion est faible\u202f: l’image peut se brouiller ou s’arrêter'],
    [{ whose: 'mine', bars: 1 }, 'Your connection is weak', 'Votre connexion est faible'],
    [{ whose: 'theirs', participant: 'p1', bars: 1 }, 'Ada’s connection is weak', 'Ada a une connexion faible'],
    [{ whose: 'server', bars: 0 }, '', ''],
    [{ whose: null, bars: 3 }, '', ''],
  ] as [WeakLink, string, string][])('%j', (link, english, french) => {
    expect(sentence(link, 'Ada', true)).toBe(english);
    speak('fr');
    expect(sentence(link, 'Ada', true)).toBe(french);
  });

  it('says nothing about who is gone', () => expect(sentence({ whose: 'theirs', participant: 'p9', bars: 1 }, '', true)).toBe(''));

  it('is about the voice of who shows no picture', () => {
    expect(sentence({ whose: 'mine', direction: 'up', bars: 1 }, '', false)).toBe('Your connection is weak: others may not hear you clearly');
  });
});

describe('what would help', () => {
  const now = { incoming: 'all', audioOnly: false, camera: true } as const;
  const poor = (direction?: 'up' | 'down'): WeakLink => ({ whose: 'mine', bars: 1, ...(direction ? { direction } : {}) });

  it.each([
    ['a weak way down', poor('down'), now, 'incoming'],
    ['a weak way up', poor('up'), now, 'audio'],
    ['both', poor(), now, 'incoming'],
    ['both, receiving less already', poor(), { ...now, incoming: 'screens' }, 'audio'],
    ['a weak way up, without a camera', poor('up'), { ...now, camera: false }, null],
    ['sound alone', poor(), { ...now, audioOnly: true }, null],
    ['a fair connection', { whose: 'mine', bars: 2 }, now, null],
    ['somebody else', { whose: 'theirs', participant: 'p1', bars: 1 }, now, null],
  ] as [string, WeakLink, Parameters<typeof remedy>[1], ReturnType<typeof remedy>][])('%s', (_, link, state, help) => expect(remedy(link, state)).toBe(help));
});
