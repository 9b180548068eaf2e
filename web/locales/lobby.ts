/** The words of who waits in the lobby, loaded when somebody does; see ./catalogue.ts for how they are written. */
import type { Entry } from './entry';

export const lobby = {
  'lobby.showPicture': { en: 'Show them my picture', fr: 'Leur montrer mon image' },
  'lobby.pictureSent': { en: 'They see your picture now.', fr: 'On voit maintenant votre image.' },
  'lobby.pictureFailed': { en: 'The picture could not be shown.', fr: 'L’image n’a pas pu être montrée.' },
} as const satisfies Record<string, Entry>;
