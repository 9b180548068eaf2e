import type { breakouts } from './breakouts';
import type { inCall } from './call';
import type { chat } from './chat';
import type { drawing } from './drawing';
import type { atEnd } from './end';
import type { hosting } from './hosting';
import type { links } from './links';
import type { lobby } from './lobby';
import type { polls } from './polls';
import type { schedule } from './schedule';
import type { statistics } from './statistics';

/**
 * Every word of the page's first screens, English and French side by side; those
 * of the call are in ./call.ts, of its statistics in ./statistics.ts, of its end
 * in ./end.ts, and are loaded with them. Together they are one catalogue.
 *
 * A missing translation is a type error, an unused or unknown key fails the
 * tests. Write plain spaces before French `; : ! ?` and inside « »: the
 * narrow no-break spaces are put in by `typography` in ./text.ts.
 * `{n}` chooses the plural form and is written as a number of the language.
 */
export interface Plural { readonly one: string; readonly other: string }
export type Entry = { readonly en: string; readonly fr: string } | { readonly en: Plural; readonly fr: Plural };

export const early = {
  'app.name': { en: 'Palabre', fr: 'Palabre' },
  'app.title': { en: '{room} – Palabre', fr: '{room} – Palabre' },
  'app.version': { en: 'Version {version}', fr: 'Version {version}' },
  'app.language': { en: 'Language', fr: 'Langue' },
  'app.close': { en: 'Close', fr: 'Fermer' },
  'app.cancel': { en: 'Cancel', fr: 'Annuler' },
  'app.retry': { en: 'Try again', fr: 'Réessayer' },
  'app.home': { en: 'Back to the start page', fr: 'Revenir à l’accueil' },
  'app.copyLink': { en: 'Copy link', fr: 'Copier le lien' },
  'app.copied': { en: 'Link copied', fr: 'Lien copié' },

  'home.sentence': { en: 'Talk face to face, on a server of your own.', fr: 'Parlez-vous face\u00a0à\u00a0face, sur votre propre serveur.' },
  'home.start': { en: 'Start a meeting', fr: 'Démarrer une réunion' },
  'home.starting': { en: 'Preparing a link…', fr: 'Préparation du lien…' },
  'home.schedule': { en: 'Schedule a meeting', fr: 'Planifier une réunion' },
  'home.field': { en: 'Join with a link or code', fr: 'Rejoindre avec un lien ou un code' },
  'home.example': { en: 'calm-olive-7xk2m9qd4t', fr: 'calm-olive-7xk2m9qd4t' },
  'home.invalid': { en: 'This is not a meeting link. Paste the whole link, or the code at its end.', fr: 'Ce n’est pas un lien de réunion. Collez le lien entier, ou le code qui le termine.' },
  'home.elsewhere': { en: 'This link leads to another server, {host}. Open it in your browser’s address bar.', fr: 'Ce lien mène à un autre serveur, {host}. Ouvrez-le dans la barre d’adresse du navigateur.' },
  'home.failed': { en: 'The server did not answer. Check your connection, then try again.', fr: 'Le serveur n’a pas répondu. Vérifiez votre connexion, puis réessayez.' },
  'home.busy': { en: 'Too many meetings were started from here just now. Try again in a minute.', fr: 'Trop de réunions viennent d’être démarrées d’ici. Réessayez dans une minute.' },
  'home.closed': { en: 'On this server, meetings are made by invitation. Ask for a link.', fr: 'Sur ce serveur, on vient sur invitation. Demandez un lien.' },
  'home.why1': { en: 'The link is the invitation: no account, nothing to install.', fr: 'Le lien vaut invitation : ni compte, ni installation.' },
  'home.why2': { en: 'Voices, faces and screens pass through this server and no other.', fr: 'Voix, visages et écrans passent par ce serveur et aucun autre.' },
  'home.why3': { en: 'Works with a mouse, a keyboard, a finger or a screen reader.', fr: 'À la souris, au clavier, au doigt ou au lecteur d’écran.' },
  'home.recent': { en: 'Your recent meetings', fr: 'Vos réunions récentes' },
  'home.forget': { en: 'Clear this list', fr: 'Effacer la liste' },

  'door.preview': { en: 'Your picture', fr: 'Votre image' },
  'door.cameraOff': { en: 'Your camera is off', fr: 'Votre caméra est coupée' },
  'door.viewer': { en: 'You come to watch and listen. Nobody sees or hears you.', fr: 'Vous venez regarder et écouter. Personne ne vous voit ni ne vous entend.' },
  'door.asking': { en: 'Your browser asks whether Palabre may use your camera and microphone. Nobody sees or hears you before you join.', fr: 'Votre navigateur demande si Palabre peut utiliser votre caméra et votre micro. Personne ne vous voit ni ne vous entend avant que vous rejoigniez.' },
  'door.level': { en: 'Microphone level', fr: 'Niveau du micro' },
  'door.name': { en: 'Your name', fr: 'Votre nom' },
  'door.nameNeeded': { en: 'Enter the name others will see.', fr: 'Entrez le nom que les autres verront.' },
  'door.nameFixed': { en: 'Your invitation says you are {name}.', fr: 'Votre invitation est au nom de {name}.' },
  'door.join': { en: 'Join', fr: 'Rejoindre' },
  'door.nobody': { en: 'Nobody is here yet', fr: 'Personne pour l’instant' },
  'door.one': { en: '{name} is here', fr: '{name} est là' },
  'door.several': { en: '{names} are here', fr: '{names} sont là' },
  'door.others': { en: { one: '{n} other', other: '{n} others' }, fr: { one: '{n} autre', other: '{n} autres' } },
  'door.people': { en: { one: '{n} person is here', other: '{n} people are here' }, fr: { one: '{n} personne est là', other: '{n} personnes sont là' } },
  'door.step.signalling': { en: 'Connecting…', fr: 'Connexion…' },
  'door.step.securing': { en: 'Connecting… securing media…', fr: 'Connexion… sécurisation des médias…' },
  'door.step.ready': { en: 'Ready', fr: 'Prêt' },
  'door.step.joining': { en: 'Joining…', fr: 'Entrée…' },
  'door.waiting': { en: 'Waiting for a host to let you in', fr: 'En attente qu’un hôte vous fasse entrer' },
  'door.waitingHint': { en: 'They know you are here. This page opens by itself.', fr: 'On sait que vous êtes là. Cette page s’ouvrira d’elle-même.' },
  'door.devices': { en: 'Microphone, camera and sound', fr: 'Micro, caméra et son' },

  'device.microphone': { en: 'Microphone', fr: 'Micro' },
  'device.camera': { en: 'Camera', fr: 'Caméra' },
  'device.speaker': { en: 'Speaker', fr: 'Haut-parleur' },
  'device.default': { en: 'The system’s choice', fr: 'Choix du système' },
  'device.nth': { en: '{kind} {n}', fr: '{kind} {n}' },
  'device.noMicrophone': { en: 'No microphone', fr: 'Aucun micro' },
  'device.noCamera': { en: 'No camera', fr: 'Aucune caméra' },
  'device.test': { en: 'Play a test tone', fr: 'Jouer un son d’essai' },
  'device.testing': { en: 'Playing…', fr: 'Lecture…' },
  'device.both.denied': { en: 'The browser does not let this page use your microphone and camera. Click the icon at the left of the address, allow both, and reload. You can also join without them.', fr: 'Le navigateur refuse le micro et la caméra à cette page. Cliquez sur l’icône à gauche de l’adresse, autorisez les deux, puis rechargez. Vous pouvez aussi rejoindre sans.' },
  'device.both.none': { en: 'No microphone and no camera found. You can join, listen and write; plug one in at any time.', fr: 'Ni micro ni caméra. Vous pouvez rejoindre, écouter et écrire ; branchez-en un quand vous voulez.' },
  'device.microphone.denied': { en: 'The browser does not let this page use your microphone. Click the icon at the left of the address, allow it, and reload.', fr: 'Le navigateur refuse le micro à cette page. Cliquez sur l’icône à gauche de l’adresse, autorisez-le, puis rechargez.' },
  'device.microphone.busy': { en: 'Another program holds your microphone. Close it, or choose another microphone.', fr: 'Un autre programme occupe votre micro. Fermez-le, ou choisissez un autre micro.' },
  'device.microphone.none': { en: 'No microphone found. You can join and listen; plug one in at any time.', fr: 'Aucun micro trouvé. Vous pouvez rejoindre et écouter ; branchez-en un quand vous voulez.' },
  'device.microphone.system': { en: 'Your system blocks the microphone. Open its privacy settings and allow this browser.', fr: 'Votre système bloque le micro. Ouvrez ses réglages de confidentialité et autorisez ce navigateur.' },
  'device.camera.denied': { en: 'The browser does not let this page use your camera. Click the icon at the left of the address, allow it, and reload.', fr: 'Le navigateur refuse la caméra à cette page. Cliquez sur l’icône à gauche de l’adresse, autorisez-la, puis rechargez.' },
  'device.camera.busy': { en: 'Another program holds your camera. Close it, or choose another camera.', fr: 'Un autre programme occupe votre caméra. Fermez-le, ou choisissez une autre caméra.' },
  'device.camera.none': { en: 'No camera found. Others will see your initials.', fr: 'Aucune caméra trouvée. Les autres verront vos initiales.' },
  'device.camera.system': { en: 'Your system blocks the camera. Open its privacy settings and allow this browser.', fr: 'Votre système bloque la caméra. Ouvrez ses réglages de confidentialité et autorisez ce navigateur.' },

  'bar.mute': { en: 'Mute microphone', fr: 'Couper le micro' },
  'bar.unmute': { en: 'Unmute microphone', fr: 'Activer le micro' },
  'bar.cameraOff': { en: 'Turn camera off', fr: 'Couper la caméra' },
  'bar.cameraOn': { en: 'Turn camera on', fr: 'Activer la caméra' },

  'fail.unavailable': { en: 'The server takes nobody new right now', fr: 'Le serveur n’accueille personne de plus en ce moment' },
  'fail.unavailableHint': { en: 'It is restarting or full. Try again in a moment.', fr: 'Il redémarre ou il est plein. Réessayez dans un instant.' },
  'fail.offline': { en: 'The server does not answer', fr: 'Le serveur ne répond pas' },
  'fail.offlineHint': { en: 'Check your network. We keep trying.', fr: 'Vérifiez votre réseau. Nous continuons d’essayer.' },
  'fail.media': { en: 'The way for sound and picture is blocked', fr: 'Le chemin du son et de l’image est bloqué' },
  'fail.mediaHint': { en: 'A firewall or VPN may be in between. Try another network, or ask your administrator.', fr: 'Un pare-feu ou un VPN s’interpose peut-être. Essayez un autre réseau, ou demandez à votre administrateur.' },
  'fail.page': { en: 'There is nothing at this address', fr: 'Il n’y a rien à cette adresse' },
  'fail.pageHint': { en: 'Look for a missing piece in the link, or start a meeting of your own.', fr: 'Vérifiez qu’il ne manque rien au lien, ou démarrez une réunion.' },
  'fail.browser': { en: 'This browser is too old for a meeting', fr: 'Ce navigateur est trop ancien pour une réunion' },
  'fail.browserHint': { en: 'Use a current Firefox, Chrome, Edge or Safari.', fr: 'Utilisez une version récente de Firefox, Chrome, Edge ou Safari.' },
  'fail.insecure': { en: 'This address is not secure, so the browser gives no camera or microphone', fr: 'Cette adresse n’est pas sécurisée : le navigateur refuse caméra et micro' },
  'fail.insecureHint': { en: 'Open the meeting by an address that begins with https://.', fr: 'Ouvrez la réunion par une adresse qui commence par https://.' },
} as const satisfies Record<string, Entry>;

export type Catalogue = typeof early & typeof inCall & typeof breakouts & typeof chat & typeof drawing & typeof polls & typeof schedule & typeof statistics & typeof hosting & typeof lobby & typeof links & typeof atEnd;
export type Key = keyof Catalogue;
