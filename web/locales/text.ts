/** Looking a text up, choosing its plural, filling it in. */
import type { Catalogue, Key } from './catalogue';
import { early } from './early';
import type { Entry, Plural } from './entry';

const texts = new Map<string, Entry>(Object.entries(early));

/** Adds the texts of a part of the page that is loaded later. */
export function addTexts(more: Readonly<Record<string, Entry>>): void {
  for (const [key, entry] of Object.entries(more)) texts.set(key, entry);
}

export const languages = ['en', 'fr'] as const;
export type Language = (typeof languages)[number];

/** What each language calls itself. */
export const languageNames: Record<Language, string> = { en: 'English', fr: 'Français' };

type Holes<S> = S extends `${string}{${infer Name}}${infer Rest}` ? Name | Holes<Rest> : never;
type English<E> = E extends { readonly en: infer T } ? (T extends string ? T : T extends Plural ? T['other'] : never) : never;
type HolesOf<K extends Key> = Holes<English<Catalogue[K]>>;

/** The values a text asks for: none, or one for each of its {holes}. */
export type Values<K extends Key> = [HolesOf<K>] extends [never] ? [] : [Record<HolesOf<K>, string | number>];

/** Texts without holes, which may be named by a variable. */
export type PlainKey = { [K in Key]: Values<K> extends [] ? K : never }[Key];

const narrow = '\u202f';

/** Puts in the spaces French typography wants and nobody can type. */
export function typography(language: Language, text: string): string {
  if (language !== 'fr') return text;
  return text.replace(/ (?=[;:!?»])/g, narrow).replace(/« /g, `«${narrow}`);
}

const plurals: Record<Language, Intl.PluralRules> = { en: new Intl.PluralRules('en'), fr: new Intl.PluralRules('fr') };
const numbers: Record<Language, Intl.NumberFormat> = { en: new Intl.NumberFormat('en'), fr: new Intl.NumberFormat('fr') };

function form(entry: string | Plural, language: Language, n: unknown): string {
  if (typeof entry === 'string') return entry;
  return plurals[language].select(Number(n)) === 'one' ? entry.one : entry.other;
}

/** The text of key in a language. */
export function textIn<K extends Key>(language: Language, key: K, ...values: Values<K>): string {
  const filling = (values[0] ?? {}) as Record<string, string | number>;
  const template = typography(language, form(texts.get(key)?.[language] ?? key, language, filling['n']));
  return template.replace(/(\bde )?\{(\w+)\}/g, (hole, of: string | undefined, name: string) => {
    const value = filling[name];
    if (value === undefined) return hole;
    const text = typeof value === 'number' ? numbers[language].format(value) : value;
    return of ? (/^[aeiouàâäéèêëîïôöùûüœæ]/i.test(text) ? `d’${text}` : of + text) : text;
  });
}

/** The best of our languages for what the browser asks for. */
export function negotiate(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = languages.find((language) => tag.toLowerCase().split('-')[0] === language);
    if (found) return found;
  }
  return 'en';
}
