import type { breakouts } from './breakouts';
import type { inCall } from './call';
import type { chat } from './chat';
import type { drawing } from './drawing';
import type { early } from './early';
import type { atEnd } from './end';
import type { hosting } from './hosting';
import type { links } from './links';
import type { lobby } from './lobby';
import type { polls } from './polls';
import type { schedule } from './schedule';
import type { statistics } from './statistics';

/**
 * Every word of the page, English and French side by side: those of the first
 * screens are in ./early.ts, of the call in ./call.ts, of its statistics in
 * ./statistics.ts, and so on, and are loaded with what shows them.
 *
 * A missing translation is a type error, an unused or unknown key fails the
 * tests. Write plain spaces before French `; : ! ?` and inside « »: the
 * narrow no-break spaces are put in by `typography` in ./text.ts.
 * `{n}` chooses the plural form and is written as a number of the language.
 */
export type Catalogue = typeof early & typeof inCall & typeof breakouts & typeof chat & typeof drawing & typeof polls & typeof schedule & typeof statistics & typeof hosting & typeof lobby & typeof links & typeof atEnd;
export type Key = keyof Catalogue;
