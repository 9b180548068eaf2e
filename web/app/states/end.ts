/** How a meeting ended, or why it cannot be entered, with the words for it. */
import { atEnd } from '../../locales/end';
import { addTexts } from '../../locales/text';
import '../styles/end.css';

addTexts(atEnd);

export { Ended } from './Ended';
export { Failed } from './Failed';
export { Password } from './Password';
