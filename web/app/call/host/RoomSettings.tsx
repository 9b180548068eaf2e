import { useId, useState } from 'preact/hooks';
import type { Action, Configure, Role } from '../../../sdk';
import { DownIcon } from '../../icons';
import { t, type PlainKey } from '../../language';
import { may } from '../../permissions';
import { roomTitle } from '../../route';
import { Switch } from '../../ui/Switch';
import { attempt } from '../actions';
import type { CallState } from '../state';
import { Kept } from './Kept';
import { RoomPassword } from './RoomPassword';
import { roleName } from './words';
import '../../styles/hosting.css';

interface Props { call: CallState }

const maxTitle = 120;

/** Each change is made at once, for everybody. */
function change(call: CallState, settings: Configure): void {
  attempt(call, call.meeting.command('configure', settings));
}

function Title({ call }: Props) {
  const id = useId();
  const { title = '' } = call.meeting.about.value;
  const [text, setText] = useState(title);
  const save = (event: Event) => {
    event.preventDefault();
    change(call, { title: text.trim() });
  };
  return (
    <form class="room-title" onSubmit={save}>
      <label class="label" for={id}>{t('room.name')}</label>
      <input id={id} class="field" maxLength={maxTitle} value={text} placeholder={roomTitle(call.meeting.options.room)} onInput={(event) => setText(event.currentTarget.value)} />
      <button type="submit" class="button" disabled={text.trim() === title}>{t('room.save')}</button>
    </form>
  );
}

const everyone = '' as Role;
const limits: readonly { role: Role; name: PlainKey }[] = [
  { role: everyone, name: 'room.everyone' }, { role: 'member', name: 'room.members' }, { role: 'presenter', name: 'room.presenters' }, { role: 'co-host', name: 'room.hosts' },
];

/** The lowest role that may do something. */
function Least({ call, action, name }: Props & { action: Action; name: PlainKey }) {
  const id = useId();
  const least = call.meeting.about.value.least?.[action] ?? everyone;
  const own = limits.every(({ role }) => role !== least);
  return (
    <div class="room-least">
      <label for={id}>{t(name)}</label>
      <span class="select">
        <select id={id} class="field" value={least} onChange={(event) => change(call, { least: { [action]: event.currentTarget.value as Role } })}>
          {limits.map((limit) => <option key={limit.role} value={limit.role}>{t(limit.name)}</option>)}
          {own && <option value={least}>{t('room.other', { role: roleName(least) })}</option>}
        </select>
        <DownIcon size={18} />
      </span>
    </div>
  );
}

function Most({ call }: Props) {
  const id = useId();
  const { maxPeople = 0 } = call.meeting.about.value;
  return (
    <div class="room-least">
      <label for={id}>{t('room.most')}</label>
      <input id={id} class="field" type="number" min={1} max={1000} inputMode="numeric" value={maxPeople} onChange={(event) => change(call, { maxPeople: Math.max(0, Math.trunc(Number(event.currentTarget.value))) })} />
    </div>
  );
}

function Entry({ call }: Props) {
  const { lobby, locked, muteOnEntry } = call.meeting.about.value;
  const configures = may(call.meeting, 'configure');
  return (
    <section>
      <h3>{t('room.entry')}</h3>
      {configures && <Switch name="room.lobby" hint="room.lobbyHint" on={lobby} onSwitch={(on) => change(call, { lobby: on })} />}
      {may(call.meeting, 'lock') && <Switch name="room.lock" hint="room.lockHint" on={locked} onSwitch={(on) => attempt(call, call.meeting.command('lock', { locked: on }))} />}
      {configures && <Switch name="room.mute" hint="room.muteHint" on={muteOnEntry} onSwitch={(on) => change(call, { muteOnEntry: on })} />}
      {configures && <Most call={call} />}
      {configures && <RoomPassword call={call} />}
    </section>
  );
}

function During({ call }: Props) {
  return (
    <section>
      <h3>{t('room.during')}</h3>
      <Least call={call} action="share" name="room.share" />
      <Least call={call} action="chat" name="room.chat" />
      <Least call={call} action="draw" name="room.draw" />
      <Switch name="room.audioOnly" hint="room.audioOnlyHint" on={call.meeting.about.value.audioOnly} onSwitch={(on) => change(call, { audioOnly: on })} />
    </section>
  );
}

function KeptOut({ call }: Props) {
  const { banned = [] } = call.meeting.about.value;
  if (banned.length === 0) return null;
  return (
    <section>
      <h3>{t('room.banned')}</h3>
      <ul class="room-banned">
        {banned.map(({ id, name }) => (
          <li key={id}>
            <span>{name}</span>
            <button type="button" class="button small" aria-label={t('room.unbanName', { name })} onClick={() => attempt(call, call.meeting.command('unban', { id }))}>{t('room.unban')}</button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The settings of the meeting itself, for who may change them. */
export function RoomSettings({ call }: Props) {
  const configures = may(call.meeting, 'configure');
  return (
    <>
      {configures && <Title call={call} />}
      <Entry call={call} />
      {configures && <During call={call} />}
      {configures && <Kept call={call} />}
      {may(call.meeting, 'remove') && <KeptOut call={call} />}
    </>
  );
}
