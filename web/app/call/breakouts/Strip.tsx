import { useEffect, useRef } from 'preact/hooks';
import type { Breakouts } from '../../../sdk/protocol';
import { t } from '../../language';
import { may } from '../../permissions';
import { announce } from '../../ui/announce';
import { attempt } from '../actions';
import { BreakoutIcon, CloseIcon } from '../icons';
import type { CallState } from '../state';
import { clock, roomName, useLeft, whereIs } from './words';
import '../../styles/breakouts.css';

/** When the end is said aloud, in seconds before it. */
const warnings = [60, 10];

/** Says twice that the rooms are about to close. */
function useWarnings(left: number | null): void {
  const before = useRef<number | null>(null);
  useEffect(() => {
    const was = before.current;
    before.current = left;
    if (left === null || was === null) return;
    const crossed = warnings.find((at) => was > at && left <= at);
    if (crossed !== undefined) announce(t('breakouts.ending', { n: crossed }), 'urgent');
  }, [left]);
}

/** What a host told everybody, until it is put away. */
function Message({ call }: { call: CallState }) {
  const message = call.broadcast.value;
  if (!message) return null;
  return (
    <div class="notice breakout-message">
      <p dir="auto"><small>{t('breakouts.from', { name: message.name })}</small>{message.text}</p>
      <button type="button" class="round" aria-label={t('breakouts.dismiss')} onClick={() => { call.broadcast.value = null; }}><CloseIcon size={20} /></button>
    </div>
  );
}

function Buttons({ call, about, own }: { call: CallState; about: Breakouts; own: string }) {
  const { meeting } = call;
  const host = may(meeting, 'break');
  const go = (room: string) => attempt(call, meeting.command('breakout-join', { room }));
  const help = (asking: boolean) => attempt(call, meeting.command('breakout-help', { asking }));
  const returns = host || about.way === 'choice' || about.return === true;
  const belongs = about.own ?? '';
  return (
    <span class="breakout-buttons">
      {own !== '' && !host && <button type="button" class="button small" aria-pressed={about.asking === true} onClick={() => help(!about.asking)}>{t(about.asking ? 'breakouts.unask' : 'breakouts.ask')}</button>}
      {own !== '' && returns && <button type="button" class="button small" onClick={() => go('')}>{t('breakouts.back')}</button>}
      {own === '' && belongs !== '' && returns && <button type="button" class="button small primary" onClick={() => go(belongs)}>{t('breakouts.joinName', { name: roomName(about.rooms, belongs) })}</button>}
      {own === '' && about.way === 'choice' && belongs === '' && <button type="button" class="button small primary" onClick={() => { call.panel.value = 'breakouts'; }}>{t('breakouts.pick')}</button>}
      {host && call.panel.value !== 'breakouts' && <button type="button" class="button small" onClick={() => { call.panel.value = 'breakouts'; }}>{t('breakouts.manage')}</button>}
    </span>
  );
}

/** Where one is, how long still, and the way back. It stands above the stage while the rooms are open. */
export function Strip({ call }: { call: CallState }) {
  const { meeting } = call;
  const about = meeting.topic('breakouts').value;
  const own = whereIs(meeting.participants.value.find(({ self }) => self));
  const left = useLeft(call);
  useWarnings(about?.open && own ? left : null);
  if (!about?.open) return <Message call={call} />;
  const time = left === null ? '' : about.closing ? t('breakouts.closing', { time: clock(left) }) : t('breakouts.left', { time: clock(left) });
  return (
    <>
      <Message call={call} />
      <div class="notice breakout-strip" data-closing={about.closing || undefined}>
        <BreakoutIcon size={20} />
        <p>
          <span dir="auto">{own ? t('breakouts.in', { room: roomName(about.rooms, own) }) : t('breakouts.areOpen')}</span>
          {(time || about.asking) && <small><span role="timer">{time}</span>{time && about.asking && ' · '}{about.asking && t('breakouts.asked')}</small>}
        </p>
        <Buttons call={call} about={about} own={own} />
      </div>
    </>
  );
}
