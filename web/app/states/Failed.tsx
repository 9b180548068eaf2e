import type { Failure, FailureCode } from '../../sdk';
import { t, type PlainKey } from '../language';
import { roomTitle } from '../route';
import { Message } from './Message';

const words: Partial<Record<FailureCode, { title: PlainKey; hint: PlainKey }>> = {
  'room-full': { title: 'fail.full', hint: 'fail.fullHint' },
  forbidden: { title: 'fail.forbidden', hint: 'fail.forbiddenHint' },
  locked: { title: 'fail.locked', hint: 'fail.lockedHint' },
  banned: { title: 'fail.banned', hint: 'fail.bannedHint' },
  'not-admitted': { title: 'ended.denied', hint: 'ended.deniedHint' },
  unauthorized: { title: 'fail.unauthorized', hint: 'fail.unauthorizedHint' },
  unavailable: { title: 'fail.unavailable', hint: 'fail.unavailableHint' },
  unreachable: { title: 'fail.offline', hint: 'fail.offlineHint' },
  'media-blocked': { title: 'fail.media', hint: 'fail.mediaHint' },
  unsupported: { title: 'fail.browser', hint: 'fail.browserHint' },
};

interface Props { room: string; failure: Failure; onRetry: () => void; onHome: () => void }

/** A meeting that cannot be entered: why, and the one thing to do. */
export function Failed({ room, failure, onRetry, onHome }: Props) {
  const known = words[failure.code];
  return (
    <Message title={t(known?.title ?? 'fail.other')} hint={known ? t(known.hint) : t('fail.otherHint', { code: failure.code })} room={roomTitle(room)}>
      <div class="message-actions">
        <button type="button" class="button primary" onClick={onRetry}>{t('app.retry')}</button>
        <button type="button" class="button" onClick={onHome}>{t('app.home')}</button>
      </div>
    </Message>
  );
}
