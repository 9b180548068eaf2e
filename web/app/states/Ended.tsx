import type { Ended as End, Reason } from '../../sdk';
import { duration, number } from '../format';
import { t, type PlainKey } from '../language';
import { roomTitle } from '../route';
import { Avatar } from '../ui/Avatar';
import { Message } from './Message';

const words: Record<Reason, { title: PlainKey; hint?: PlainKey }> = {
  left: { title: 'ended.left' },
  lost: { title: 'ended.lost', hint: 'ended.lostHint' },
  denied: { title: 'ended.denied', hint: 'ended.deniedHint' },
  replaced: { title: 'ended.replaced', hint: 'ended.replacedHint' },
  shutdown: { title: 'ended.shutdown', hint: 'ended.shutdownHint' },
  removed: { title: 'ended.removed', hint: 'ended.removedHint' },
  banned: { title: 'ended.removed', hint: 'ended.bannedHint' },
  ended: { title: 'ended.ended', hint: 'ended.endedHint' },
};

interface Props { room: string; ended: End; met: readonly string[]; onRejoin: () => void; onHome: () => void }

function Facts({ ended, met }: Pick<Props, 'ended' | 'met'>) {
  if (ended.duration <= 0) return null;
  return (
    <dl class="message-facts">
      <div><dt>{t('ended.duration')}</dt><dd>{duration(ended.duration)}</dd></div>
      <div>
        <dt>{t('ended.people')}</dt>
        <dd>
          {number(met.length)}
          {met.length > 0 && <span class="message-faces">{met.slice(0, 6).map((name) => <Avatar key={name} name={name} />)}</span>}
        </dd>
      </div>
    </dl>
  );
}

/** After the call: how it ended, and the way back. */
export function Ended({ room, ended, met, onRejoin, onHome }: Props) {
  const { title, hint } = words[ended.reason] ?? { title: 'ended.over' as const };
  return (
    <Message title={t(title)} hint={hint && t(hint)} room={roomTitle(room)}>
      <Facts ended={ended} met={met} />
      <div class="message-actions">
        <button type="button" class="button primary" onClick={onRejoin}>{t('ended.rejoin')}</button>
        <button type="button" class="button" onClick={onHome}>{t('app.home')}</button>
      </div>
    </Message>
  );
}
