import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { breakouts } from '../locales/breakouts';
import { inCall } from '../locales/call';
import type { Key } from '../locales/catalogue';
import { chat } from '../locales/chat';
import { drawing } from '../locales/drawing';
import { early } from '../locales/early';
import { atEnd } from '../locales/end';
import type { Entry } from '../locales/entry';
import { hosting } from '../locales/hosting';
import { links } from '../locales/links';
import { lobby } from '../locales/lobby';
import { polls } from '../locales/polls';
import { schedule } from '../locales/schedule';
import { statistics } from '../locales/statistics';
import { addTexts, negotiate, textIn, typography } from '../locales/text';

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'testing' ? [] : sources(path);
    return /(?<!\.test)\.tsx?$/.test(entry.name) ? [readFileSync(path, 'utf8')] : [];
  });
}

addTexts(inCall);
addTexts(breakouts);
addTexts(chat);
addTexts(schedule);
addTexts(statistics);
addTexts(polls);
addTexts(hosting);
addTexts(lobby);
addTexts(links);
addTexts(atEnd);
addTexts(drawing);
const catalogue = { ...early, ...inCall, ...breakouts, ...chat, ...schedule, ...statistics, ...polls, ...hosting, ...lobby, ...links, ...atEnd, ...drawing };
const code = sources(import.meta.dirname).join('\n');
const entries = Object.entries(catalogue) as [Key, Entry][];

function forms(value: Entry['en'] | Entry['fr']): string[] {
  return typeof value === 'string' ? [value] : [value.one, value.other];
}

function holes(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();
}

describe.each(entries)('%s', (key, entry) => {
  it('is used', () => expect(code.includes(`'${key}'`) || code.includes(`"${key}"`), 'no code names it').toBe(true));

  it('says something in both languages', () => {
    for (const text of [...forms(entry.en), ...forms(entry.fr)]) expect(text.trim()).not.toBe('');
  });

  it('has the same holes in both languages', () => {
    const wanted = holes(forms(entry.en).at(-1) ?? '');
    for (const text of [...forms(entry.en), ...forms(entry.fr)]) expect(holes(text)).toEqual(wanted);
  });

  it('is typed with care', () => {
    for (const text of [...forms(entry.en), ...forms(entry.fr)]) {
      expect(text).not.toMatch(/'|"|\.\.\.| {2}/);
    }
    for (const text of forms(entry.fr)) expect(text.replace(/https?:/g, '')).not.toMatch(/[^\s][;:!?»](\s|$)|«[^\s]/);
  });
});

describe('every key in the code', () => {
  const used = [...code.matchAll(/\bt\('([^']+)'/g)].map((match) => match[1] ?? '');
  it('is in the catalogue', () => {
    expect(used.length).toBeGreaterThan(100);
    for (const key of used) expect(catalogue).toHaveProperty([key]);
  });
});

describe('texts', () => {
  it('are filled in', () => expect(textIn('en', 'toast.joined', { name: 'Ana' })).toBe('Ana joined'));

  it.each([
    ['en', 0, '0 people'], ['en', 1, '1 person'], ['en', 2, '2 people'], ['en', 1200, '1,200 people'],
    ['fr', 0, '0 personne'], ['fr', 1, '1 personne'], ['fr', 2, '2 personnes'], ['fr', 1200, '1\u202f200 personnes'],
  ] as const)('count in %s: %d', (language, n, text) => expect(textIn(language, 'people.count', { n })).toBe(text));

  it('get narrow spaces in French and none in English', () => {
    expect(typography('fr', 'Prêt ? « Oui » ; non !')).toBe('Prêt\u202f? «\u202fOui\u202f»\u202f; non\u202f!');
    expect(typography('en', 'a ? b')).toBe('a ? b');
  });

  it('elide before names in French', () => {
    for (const [name, text] of [['Émile', 'Écran d’Émile'], ['ana', 'Écran d’ana'], ['Benoît', 'Écran de Benoît']] as const) expect(textIn('fr', 'stage.screenOf', { name })).toBe(text);
  });

  it('leave what people wrote alone', () => {
    expect(textIn('fr', 'chat.from', { name: 'Ana {text}', text: 'ah !' })).toBe('Ana {text}\u202f: ah !');
  });
});

describe('the language', () => {
  it.each([
    [['fr-CA', 'en'], 'fr'], [['de', 'en-GB'], 'en'], [['de'], 'en'], [[], 'en'], [['', 'FR'], 'fr'], [['frr', 'fr'], 'fr'],
  ] as const)('for %j is %s', (wanted, language) => expect(negotiate(wanted)).toBe(language));
});
