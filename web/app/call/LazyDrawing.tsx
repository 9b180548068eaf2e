/** Drawing on shares, which comes in a file of its own once somebody shares; without it the share is still there. */
import { later } from '../ui/later';

const quiet = () => undefined;

export const OnShare = later(async () => (await import('../drawing/OnShare')).OnShare, quiet).Part;
export const OwnShare = later(async () => (await import('../drawing/OwnShare')).OwnShare, quiet).Part;
