import { MaxBreakouts, type Breakouts } from '../../../sdk/protocol';
import { t } from '../../language';
import { attempt } from '../actions';
import { CloseIcon } from '../icons';
import { PlusIcon } from './icons';
import type { CallState } from '../state';
import { planOf, send, Settings } from './Plan';
import { member, People, Room, RoomName, type Member } from './Rooms';
import './words';

/** Everybody here, and those who are expected, by where they belong. */
function membersOf(call: CallState, { assigned = {} }: Breakouts): (room: string) => Member[] {
  const here = call.meeting.participants.value;
  const known = new Set(here.map(({ id }) => id));
  const expected = Object.keys(assigned).filter((id) => !known.has(id)).map((id) => ({ id, name: id, self: false, expected: true }));
  const all = [...here.map(member), ...expected];
  return (room) => all.filter(({ id }) => (assigned[id] ?? '') === room);
}

/** The rooms before they open: names, who belongs where, and how they open. */
export function Planned({ call, about }: { call: CallState; about: Breakouts }) {
  const members = membersOf(call, about);
  const { rooms, way = 'hand', return: back = false, length = 0 } = about;
  const change = (names: Breakouts['rooms']) => send(call, { ...planOf(about), rooms: names });
  const command = (type: 'breakout-open' | 'breakout-shuffle') => attempt(call, call.meeting.command(type, undefined));
  return (
    <div class="breakouts">
      <div class="breakouts-list" tabIndex={0} role="region" aria-label={t('breakouts.title')}>
        <details class="breakout-settings">
          <summary>{t('breakouts.settings')}</summary>
          <div class="breakout-form">
            <Settings chosen={{ way, back, length }} onChange={(chosen) => send(call, { rooms, way: chosen.way, return: chosen.back, length: chosen.length })} />
          </div>
        </details>
        {rooms.map((room, i) => (
          <Room
            key={room.id} label={room.name} count={members(room.id ?? '').length}
            title={<RoomName room={room} number={i + 1} onRename={(name) => change(rooms.map((other) => (other === room ? { ...room, name } : other)))} />}
            tools={rooms.length > 1 && <button type="button" class="round" aria-label={t('breakouts.remove', { name: room.name })} onClick={() => change(rooms.filter((other) => other !== room))}><CloseIcon size={18} /></button>}
          >
            {way !== 'choice' && <People call={call} about={about} people={members(room.id ?? '')} room={room.id ?? ''} moves />}
          </Room>
        ))}
        {rooms.length < MaxBreakouts && (
          <button type="button" class="button small" onClick={() => change([...rooms, { name: t('breakouts.numbered', { number: String(rooms.length + 1) }) }])}><PlusIcon size={18} />{t('breakouts.add')}</button>
        )}
        {way !== 'choice' && (
          <Room label={t('breakouts.unassigned')} count={members('').length} title={<h3>{t('breakouts.unassigned')}</h3>}>
            <People call={call} about={about} people={members('')} room="" moves />
          </Room>
        )}
      </div>
      <div class="breakouts-foot">
        {way === 'random' && <button type="button" class="button wide" onClick={() => command('breakout-shuffle')}>{t('breakouts.shuffle')}</button>}
        <button type="button" class="button primary wide" onClick={() => command('breakout-open')}>{t('breakouts.open')}</button>
        <button type="button" class="text-button" onClick={() => send(call, { rooms: [], way: 'hand' })}>{t('breakouts.discard')}</button>
      </div>
    </div>
  );
}
