/** The page's words, those that are loaded later included, so that a test waits for what is really written. */
import { inCall } from '../locales/call';
import { chat } from '../locales/chat';
import { drawing } from '../locales/drawing';
import { atEnd } from '../locales/end';
import { hosting } from '../locales/hosting';
import { links } from '../locales/links';
import { lobby } from '../locales/lobby';
import { polls } from '../locales/polls';
import { statistics } from '../locales/statistics';
import { addTexts } from '../locales/text';

for (const texts of [inCall, chat, drawing, polls, statistics, hosting, links, lobby, atEnd]) addTexts(texts);

export { textIn, type PlainKey } from '../locales/text';
