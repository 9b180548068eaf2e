import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { MaxName, type Bars as Count, type Participant } from '../../sdk';
import { CameraOffIcon, MicIcon, MicOffIcon } from '../icons';
import { ChatIcon, HandIcon, InviteIcon, LockIcon, MoreIcon, PencilIcon, ScreenIcon, SearchIcon } from './icons';
import { t, type PlainKey } from '../language';
import { memory } from '../memory';
import { may } from '../permissions';
import { Avatar } from '../ui/Avatar';
import { attempt } from './actions';
import { Bars } from './Bars';
import { MeetingTools, PersonTools } from './host/lazy';
import { AdmitAll, Face, KnockActions } from './Knocks';
import { barsOf } from './quality';
import type { CallState } from './state';

const searchable = 8;

function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
}

/** Whether a name holds what was typed, whatever the accents and capitals. */
export function matches(name: string, typed: string): boolean {
  return fold(name).includes(fold(typed.trim()));
}

function RenameForm({ call, name, onDone }: { call: CallState; name: string; onDone: () => void }) {
  const id = useId();
  const [text, setText] = useState(name);
  const save = (event: Event) => {
    event.preventDefault();
    const next = text.trim();
    if (next && next !== name) {
      attempt(call, call.meeting.rename(next).then(() => memory.set('name', next)));
    }
    onDone();
  };
  return (
    <form class="rename" onSubmit={save}>
      <label class="aside" for={id}>{t('people.rename')}</label>
      <input id={id} class="field" maxLength={MaxName} value={text} autoFocus onInput={(event) => setText(event.currentTarget.value)} onKeyDown={(event) => { if (event.key === 'Escape') { event.stopPropagation(); onDone(); } }} />
      <button type="submit" class="button small">{t('people.save')}</button>
    </form>
  );
}

function State({ person, hand, bars }: { person: Participant; hand: number; bars: Count | undefined }) {
  return (
    <span class="person-state">
      {hand > 0 && <span class="tile-hand"><HandIcon size={16} /><span aria-hidden="true">{hand}</span><span class="aside">{t('stage.hand', { n: hand })}</span></span>}
      {bars !== undefined && bars < 3 && <Bars bars={bars} />}
      {person.media.screen && <span title={t('people.sharing')}><ScreenIcon size={18} /><span class="aside">{t('people.sharing')}</span></span>}
      {!person.media.camera && <span title={t('people.cameraOff')}><CameraOffIcon size={18} /><span class="aside">{t('people.cameraOff')}</span></span>}
      {person.media.microphone ? <MicIcon size={18} /> : <span class="person-muted" title={t('stage.muted')}><MicOffIcon size={18} /><span class="aside">{t('stage.muted')}</span></span>}
    </span>
  );
}

/** The roles that are shown; of members and guests there is nothing to say. */
const roleWords: Readonly<Record<string, PlainKey>> = {
  owner: 'people.host', host: 'people.host', 'co-host': 'people.coHost', presenter: 'people.presenter', viewer: 'people.viewer',
};

function roleWord(person: Participant): string {
  if (person.away) return t('stage.awayShort');
  if (person.acting) return t('people.standsIn');
  const key = roleWords[person.role];
  return key ? t(key) : '';
}

/** The breakout room somebody is in. */
function roomOf({ meeting }: CallState, { group }: Participant): string {
  return (group && meeting.topic('breakouts').value?.rooms.find(({ id }) => id === group)?.name) || '';
}

/** Whether we may do something to others here. */
function hosts({ meeting }: CallState): boolean {
  return may(meeting, 'moderate') || may(meeting, 'remove') || may(meeting, 'appoint');
}

/** Opens the chat to write to one person alone. */
function Whisper({ call, person: { id, name } }: { call: CallState; person: Participant }) {
  const open = () => {
    call.whisper.value = { id, name };
    call.panel.value = 'chat';
  };
  const label = t('people.whisper', { name });
  return <button type="button" class="round person-whisper" aria-label={label} title={label} onClick={open}><ChatIcon size={18} /></button>;
}

function Person({ call, person }: { call: CallState; person: Participant }) {
  const [renaming, setRenaming] = useState(false);
  const [open, setOpen] = useState(false);
  const hand = call.hands.value.indexOf(person.id) + 1;
  const mayRename = person.self && !call.meeting.fixedName.value;
  if (renaming) return <li class="person"><Avatar name={person.name} /><RenameForm call={call} name={person.name} onDone={() => setRenaming(false)} /></li>;
  return (
    <li class="person">
      <Avatar name={person.name} />
      <span class="person-name">
        <span>{person.self ? t('stage.you', { name: person.name }) : person.name}</span>
        <small>{[roleWord(person), roomOf(call, person)].filter(Boolean).join(' · ')}</small>
      </span>
      {mayRename && <button type="button" class="round" aria-label={t('people.rename')} title={t('people.rename')} onClick={() => setRenaming(true)}><PencilIcon size={18} /></button>}
      {!person.self && may(call.meeting, 'whisper') && <Whisper call={call} person={person} />}
      <State person={person} hand={hand} bars={barsOf(call.meeting.quality.value, person)} />
      {!person.self && hosts(call) && <button type="button" class="round person-more" aria-label={t('people.options', { name: person.name })} aria-expanded={open} onClick={() => setOpen(!open)}><MoreIcon size={18} /></button>}
      {open && <PersonTools call={call} person={person} />}
    </li>
  );
}

function Waiting({ call }: { call: CallState }) {
  const knocks = call.meeting.knocks.value;
  if (knocks.length === 0) return null;
  return (
    <section>
      <div class="people-head"><h3>{t('people.waiting')}</h3>{knocks.length > 1 && <AdmitAll call={call} />}</div>
      <ul>
        {knocks.map((knock) => (
          <li key={knock.participant} class="person">
            <Face knock={knock} />
            <span class="person-name"><span>{knock.name}</span></span>
            <KnockActions call={call} knock={knock} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Group({ call, title, people, children }: { call: CallState; title: string; people: Participant[]; children?: ComponentChildren }) {
  if (people.length === 0) return null;
  return (
    <section>
      <div class="people-head"><h3>{title}</h3>{children}</div>
      <ul>{people.map((person) => <Person key={person.id} call={call} person={person} />)}</ul>
    </section>
  );
}

/** Who is here: those waiting, those with a hand up in the order of raising, everybody else. */
export function People({ call }: { call: CallState }) {
  const [typed, setTyped] = useState('');
  const id = useId();
  const all = call.meeting.participants.value;
  const found = all.filter((person) => matches(person.name, typed));
  const raised = call.hands.value.map((hand) => found.find((person) => person.id === hand)).filter((person) => person !== undefined);
  return (
    <div class="people">
      <div class="people-top">
        <button type="button" class="button small wide" onClick={() => call.openDialog('invite')}><InviteIcon size={20} />{t('menu.invite')}</button>
        {(hosts(call) || may(call.meeting, 'lock') || may(call.meeting, 'configure')) && <MeetingTools call={call} />}
        {call.meeting.about.value.locked && <p class="people-locked"><LockIcon size={18} />{t('people.locked')}</p>}
        {all.length > searchable && (
          <div class="people-search">
            <label class="aside" for={id}>{t('people.search')}</label>
            <SearchIcon size={18} />
            <input id={id} class="field" type="search" placeholder={t('people.search')} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
          </div>
        )}
      </div>
      <div class="people-list">
        <Waiting call={call} />
        <Group call={call} title={t('people.hands')} people={raised}>
          {may(call.meeting, 'moderate') && <button type="button" class="button small" onClick={() => attempt(call, call.meeting.command('lower', { participant: '' }))}>{t('people.lowerAll')}</button>}
        </Group>
        <Group call={call} title={t('people.here')} people={found.filter((person) => !person.hand)} />
        {found.length === 0 && <p class="quiet">{t('people.noMatch')}</p>}
      </div>
    </div>
  );
}
