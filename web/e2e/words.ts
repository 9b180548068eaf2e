/** The page's words, those that are loaded later included, so that a test waits for what is really written. */
import { inCall } from '../locales/call';
import { atEnd } from '../locales/end';
import { hosting } from '../locales/hosting';
import { lobby } from '../locales/lobby';
import { statistics } from '../locales/statistics';
import { addTexts } from '../locales/text';

for (const texts of [inCall, statistics, hosting, lobby, atEnd]) addTexts(texts);

export { textIn, type PlainKey } from '../locales/text';
