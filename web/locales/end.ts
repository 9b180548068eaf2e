/** The words of the end of a meeting, and of one that cannot be entered; see ./catalogue.ts for how they are written. */
import type { Entry } from './catalogue';

export const atEnd = {
  'ended.left': { en: 'You left the meeting', fr: 'Vous avez quitté la réunion' },
  'ended.over': { en: 'The meeting is over for you', fr: 'La réunion est finie pour vous' },
  'ended.lost': { en: 'The connection was lost', fr: 'La connexion a été perdue' },
  'ended.lostHint': { en: 'Check your network, then come back: your place is the same link.', fr: 'Vérifiez votre réseau, puis revenez : le lien reste le même.' },
  'ended.denied': { en: 'You were not let in', fr: 'On ne vous a pas fait entrer' },
  'ended.deniedHint': { en: 'A host declined. If this is a mistake, tell them and try again.', fr: 'Un hôte a refusé. Si c’est une erreur, prévenez-le et réessayez.' },
  'ended.removed': { en: 'You were taken out of the meeting', fr: 'On vous a fait sortir de la réunion' },
  'ended.removedHint': { en: 'A host or the server ended your participation.', fr: 'Un hôte ou le serveur a mis fin à votre participation.' },
  'ended.replaced': { en: 'You joined from somewhere else', fr: 'Vous avez rejoint depuis un autre endroit' },
  'ended.replacedHint': { en: 'The meeting goes on there. You can bring it back here.', fr: 'La réunion continue là-bas. Vous pouvez la ramener ici.' },
  'ended.shutdown': { en: 'The server stopped', fr: 'Le serveur s’est arrêté' },
  'ended.shutdownHint': { en: 'Wait a moment, then come back by the same link.', fr: 'Attendez un instant, puis revenez par le même lien.' },
  'ended.duration': { en: 'Duration', fr: 'Durée' },
  'ended.people': { en: 'People met', fr: 'Personnes présentes' },
  'ended.rejoin': { en: 'Rejoin', fr: 'Rejoindre à nouveau' },

  'fail.full': { en: 'This meeting is full', fr: 'Cette réunion est complète' },
  'fail.fullHint': { en: 'Wait until somebody leaves, then try again.', fr: 'Attendez qu’une place se libère, puis réessayez.' },
  'fail.forbidden': { en: 'You may not enter here', fr: 'L’entrée n’est pas possible' },
  'fail.forbiddenHint': { en: 'This meeting needs an invitation. Ask the person who invited you for a new link.', fr: 'Cette réunion demande une invitation. Demandez un nouveau lien à la personne qui vous a invité.' },
  'fail.unauthorized': { en: 'This invitation is no longer valid', fr: 'Cette invitation n’est plus valable' },
  'fail.unauthorizedHint': { en: 'Ask the person who invited you for a new link.', fr: 'Demandez un nouveau lien à la personne qui vous a invité.' },
  'fail.other': { en: 'Something went wrong on our side', fr: 'Quelque chose a échoué de notre côté' },
  'fail.otherHint': { en: 'Try again. If it happens twice, tell your administrator: {code}.', fr: 'Réessayez. Si cela se répète, prévenez votre administrateur : {code}.' },
} as const satisfies Record<string, Entry>;
