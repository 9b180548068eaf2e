/** The words of links for others, loaded with them; see ./catalogue.ts for how they are written. */
import type { Entry } from './entry';

export const links = {
  'links.owner': { en: 'You own this room. This browser keeps your owner link; nothing you share holds it.', fr: 'Cette réunion vous appartient. Ce navigateur garde votre lien de propriétaire ; rien de ce que vous partagez ne le contient.' },
  'links.title': { en: 'Personal links', fr: 'Liens personnels' },
  'links.hint': { en: 'A personal link needs no password, can be taken back and ends by itself.', fr: 'Un lien personnel se passe de mot de passe, peut être retiré et expire de lui-même.' },
  'links.role': { en: 'They come as', fr: 'Ils viennent comme' },
  'links.name': { en: 'For whom (optional)', fr: 'Pour qui (facultatif)' },
  'links.ends': { en: 'Ends after', fr: 'Expire après' },
  'links.hour': { en: '1 hour', fr: '1 heure' },
  'links.day': { en: '1 day', fr: '1 jour' },
  'links.week': { en: '1 week', fr: '1 semaine' },
  'links.month': { en: '30 days', fr: '30 jours' },
  'links.once': { en: 'For one visit', fr: 'Pour une seule visite' },
  'links.onceHint': { en: 'The first person who comes in uses it up.', fr: 'La première personne qui entre l’épuise.' },
  'links.make': { en: 'Make the link', fr: 'Créer le lien' },
  'links.made': { en: 'Copy it now: it is not shown again.', fr: 'Copiez-le maintenant : il ne sera plus affiché.' },
  'links.list': { en: 'Links made so far', fr: 'Liens déjà créés' },
  'links.nobody': { en: 'Anybody', fr: 'Tout le monde' },
  'links.until': { en: '{role}, until {when}', fr: '{role}, jusqu’au {when}' },
  'links.onceUntil': { en: '{role}, one visit, until {when}', fr: '{role}, une visite, jusqu’au {when}' },
  'links.used': { en: '{role}, used', fr: '{role}, utilisé' },
  'links.revoked': { en: '{role}, taken back', fr: '{role}, retiré' },
  'links.expired': { en: '{role}, expired', fr: '{role}, expiré' },
  'links.revoke': { en: 'Take back', fr: 'Retirer' },
  'links.revokeFor': { en: 'Take back the link for {name}', fr: 'Retirer le lien pour {name}' },
  'links.more': { en: 'Show more', fr: 'Afficher la suite' },
} as const satisfies Record<string, Entry>;
