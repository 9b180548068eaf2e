/** The page's words, those that are loaded later included, so that a test waits for what is really written. */
import { inCall } from '../locales/call';
import { atEnd } from '../locales/end';
import { statistics } from '../locales/statistics';
import { addTexts } from '../locales/text';

for (const texts of [inCall, statistics, atEnd]) addTexts(texts);

export { textIn, type PlainKey } from '../locales/text';
