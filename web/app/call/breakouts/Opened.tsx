import { useId, useState } from 'preact/hooks';
import { MaxBreakoutText, type Breakouts } from '../../../sdk/protocol';
import { t } from '../../language';
import { may } from '../../permissions';
import { attempt } from '../actions';
import type { CallState } from '../state';
import { toast } from '../toasts';
import { Calls, member, People, Room } from './Rooms';
import { clock, useLeft, whereIs } from './words';

const more = 5 * 60_000;

/** A message to everybody in every room. */
function Broadcast({ call }: { call: CallState }) {
  const id = useId();
  const [text, setText] = useState('');
  const tell = (event: Event) => {
    event.preventDefault();
    if (!text.trim()) return;
    const told = call.meeting.command('breakout-broadcast', { text });
    attempt(call, told);
    told.then(() => { setText(''); toast(call, t('breakouts.sent')); }, () => undefined);
  };
  return (
    <form class="breakout-broadcast" onSubmit={tell}>
      <label class="label" for={id}>{t('breakouts.message')}</label>
      <span>
        <input id={id} class="field" maxLength={MaxBreakoutText} value={text} dir="auto" placeholder={t('breakouts.messageExample')} onInput={(event) => setText(event.currentTarget.value)} />
        <button type="submit" class="button">{t('breakouts.send')}</button>
      </span>
    </form>
  );
}

/** How long the rooms are open, and the buttons that change that. */
function Time({ call, about }: { call: CallState; about: Breakouts }) {
  const left = useLeft(call);
  const close = (now: boolean) => attempt(call, call.meeting.command('breakout-close', now ? { now } : {}));
  const time = left === null ? null : clock(left);
  return (
    <div class="breakout-time">
      <p>{time === null ? t('breakouts.noEnd') : about.closing ? t('breakouts.closing', { time }) : t('breakouts.left', { time })}</p>
      <span>
        <button type="button" class="button small" onClick={() => attempt(call, call.meeting.command('breakout-extend', { by: more }))}>{t('breakouts.extend')}</button>
        <button type="button" class="button small danger" onClick={() => close(about.closing === true)}>{t(about.closing ? 'breakouts.closeNow' : 'breakouts.close')}</button>
      </span>
    </div>
  );
}

/** The rooms while they are open: who is where, and for hosts all they can do. */
export function Opened({ call, about }: { call: CallState; about: Breakouts }) {
  const { meeting } = call;
  const host = may(meeting, 'break');
  const people = meeting.participants.value;
  const own = whereIs(people.find(({ self }) => self));
  const inRoom = (room: string) => people.filter((person) => whereIs(person) === room).map(member);
  const goes = (room: string) => host || about.way === 'choice' || (about.return === true && (room === '' || room === about.own));
  const calls = about.calls ?? [];
  const section = (room: string, name: string) => {
    const asking = calls.filter((one) => one.room === room);
    const go = () => attempt(call, meeting.command('breakout-join', { room }));
    const visits = host && room !== '';
    const tools = room === own
      ? <span class="breakout-here">{t('breakouts.here')}</span>
      : goes(room) && <button type="button" class="button small" aria-label={t(visits ? 'breakouts.visitName' : 'breakouts.joinName', { name })} onClick={go}>{t(visits ? 'breakouts.visit' : 'breakouts.join')}</button>;
    return (
      <Room key={room} label={name} count={inRoom(room).length} title={<h3 dir="auto">{name}</h3>} here={room === own} asks={asking.length > 0} tools={tools}>
        {host && <Calls call={call} calls={asking} />}
        <People call={call} about={about} people={inRoom(room)} room={room} moves={host} />
      </Room>
    );
  };
  return (
    <div class="breakouts">
      <div class="breakouts-list" tabIndex={0} role="region" aria-label={t('breakouts.title')}>
        {host && <Time call={call} about={about} />}
        {about.rooms.map(({ id = '', name }) => section(id, name))}
        {section('', t('breakouts.main'))}
      </div>
      {host && <div class="breakouts-foot"><Broadcast call={call} /></div>}
    </div>
  );
}
