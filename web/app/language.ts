/** The language of the page: chosen, remembered, switched while it runs. */
import { signal } from '@preact/signals';
import { negotiate, textIn, type Language, type Values } from '../locales/text';
import type { Key } from '../locales/catalogue';
import { memory } from './memory';

export { languageNames, languages, type Language, type PlainKey } from '../locales/text';

function first(search: string): Language {
  const asked = new URLSearchParams(search).get('lang');
  return negotiate([asked ?? '', memory.get('language') ?? '', ...(navigator.languages ?? [])]);
}

/** The language in use. Components that call {@link t} follow it. */
export const language = signal<Language>(first(location.search));

/** Switches the language of everything on the page, at once. */
export function speak(next: Language): void {
  language.value = next;
  memory.set('language', next);
  document.documentElement.lang = next;
}

/** The text of key in the page's language. */
export function t<K extends Key>(key: K, ...values: Values<K>): string {
  return textIn(language.value, key, ...values);
}
