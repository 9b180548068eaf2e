/** Plural is a text with a number in it, in its two forms. */
export interface Plural { readonly one: string; readonly other: string }
/** Entry is one text in both languages. A missing translation is a type error. */
export type Entry = { readonly en: string; readonly fr: string } | { readonly en: Plural; readonly fr: Plural };
