import type { ComponentChildren } from 'preact';
import type { Participant } from '../../../sdk';
import { MaxBreakoutName, type Breakout, type BreakoutCall, type Breakouts } from '../../../sdk/protocol';
import { t } from '../../language';
import { Avatar } from '../../ui/Avatar';
import { attempt } from '../actions';
import { DownIcon } from '../../icons';
import { HandIcon } from '../icons';
import type { CallState } from '../state';
import './words';

/** Somebody in a list, here or expected. */
export interface Member { readonly id: string; readonly name: string; readonly self: boolean; readonly expected: boolean }

export function member(person: Participant): Member {
  return { id: person.id, name: person.name, self: person.self, expected: false };
}

function named({ name, self, expected }: Member): string {
  if (expected) return t('breakouts.later', { name });
  return self ? t('breakouts.you', { name }) : name;
}

interface PeopleProps { call: CallState; about: Breakouts; people: readonly Member[]; room: string; moves: boolean }

/** The people of one room, each with the menu that moves them, for who may. */
export function People({ call, about, people, room, moves }: PeopleProps) {
  if (people.length === 0) return <p class="quiet breakout-nobody">{t('breakouts.nobody')}</p>;
  const move = (id: string, to: string) => attempt(call, call.meeting.command('breakout-assign', { people: [id], room: to }));
  return (
    <ul>
      {people.map((one) => (
        <li key={one.id} class="breakout-person">
          <Avatar name={one.name} />
          <span class="breakout-name">{named(one)}</span>
          {moves && (
            <span class="select">
              <select class="field" aria-label={t('breakouts.moveTo', { name: one.name })} value={room} onChange={(event) => move(one.id, event.currentTarget.value)}>
                <option value="">{t('breakouts.main')}</option>
                {about.rooms.map(({ id = '', name }) => <option key={id} value={id}>{name}</option>)}
              </select>
              <DownIcon size={18} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** The name of a planned room, to be written over. */
export function RoomName({ room, number, onRename }: { room: Breakout; number: number; onRename: (name: string) => void }) {
  const rename = (event: Event & { currentTarget: HTMLInputElement }) => {
    const name = event.currentTarget.value.trim();
    if (name && name !== room.name) onRename(name);
    else event.currentTarget.value = room.name;
  };
  return <input class="field breakout-title" aria-label={t('breakouts.name', { number: String(number) })} maxLength={MaxBreakoutName} defaultValue={room.name} dir="auto" onChange={rename} />;
}

/** Who asks for help in a room, and that they have it. */
export function Calls({ call, calls }: { call: CallState; calls: readonly BreakoutCall[] }) {
  return (
    <>
      {calls.map(({ participant, name }) => (
        <p key={participant} class="breakout-call">
          <HandIcon size={18} />{t('breakouts.asks', { name })}
          <button type="button" class="text-button" aria-label={t('breakouts.answeredName', { name })} onClick={() => attempt(call, call.meeting.command('breakout-answer', { participant }))}>{t('breakouts.answered')}</button>
        </p>
      ))}
    </>
  );
}

interface RoomProps { title: ComponentChildren; label: string; count: number; here?: boolean; asks?: boolean; children: ComponentChildren; tools?: ComponentChildren }

/** One room: its name, who is in it, and what can be done. */
export function Room({ title, label, count, here, asks, children, tools }: RoomProps) {
  return (
    <section class="breakout-room" aria-label={label} data-here={here || undefined} data-asks={asks || undefined}>
      <div class="breakout-head">{title}<span class="quiet breakout-size">{count}</span>{tools}</div>
      {children}
    </section>
  );
}
