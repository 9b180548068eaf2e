/** The page's words, those of the call included, so that a test waits for what is really written. */
import { inCall } from '../locales/call';
import { addTexts } from '../locales/text';

addTexts(inCall);

export { textIn, type PlainKey } from '../locales/text';
