import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import type { Participant, Role } from '../../../sdk';
import { CameraIcon, CameraOffIcon, DownIcon, MicIcon, MicOffIcon } from '../../icons';
import { t, type PlainKey } from '../../language';
import { may } from '../../permissions';
import { attempt } from '../actions';
import { HandIcon, LeaveIcon, ScreenStopIcon } from '../icons';
import type { CallState } from '../state';
import { roleName } from './words';
import '../../styles/hosting.css';

interface Props { call: CallState; person: Participant }

function Act({ icon, name, onPress, danger = false }: { icon: ComponentChildren; name: PlainKey; onPress: () => void; danger?: boolean }) {
  return <button type="button" class={`menu-item${danger ? ' danger' : ''}`} onClick={onPress}>{icon}<span>{t(name)}</span></button>;
}

/** What is on can be taken off; what is off can be asked for. */
function Media({ call, person: { id: participant, media, hand, role } }: Props) {
  const send = (type: 'stop' | 'ask', source: 'microphone' | 'camera' | 'screen') => () => attempt(call, call.meeting.command(type, { participant, source }));
  const target = (type: 'mute' | 'lower') => () => attempt(call, call.meeting.command(type, { participant }));
  const asks = role !== 'viewer';
  return (
    <>
      {media.microphone && <Act icon={<MicOffIcon size={20} />} name="host.mute" onPress={target('mute')} />}
      {!media.microphone && asks && <Act icon={<MicIcon size={20} />} name="host.askUnmute" onPress={send('ask', 'microphone')} />}
      {media.camera && <Act icon={<CameraOffIcon size={20} />} name="host.cameraOff" onPress={send('stop', 'camera')} />}
      {!media.camera && asks && <Act icon={<CameraIcon size={20} />} name="host.askCamera" onPress={send('ask', 'camera')} />}
      {media.screen && <Act icon={<ScreenStopIcon size={20} />} name="host.stopShare" onPress={send('stop', 'screen')} />}
      {Boolean(hand) && <Act icon={<HandIcon size={20} />} name="host.lower" onPress={target('lower')} />}
    </>
  );
}

function RoleChoice({ call, person, roles }: Props & { roles: readonly Role[] }) {
  const id = useId();
  const choose = (role: Role) => attempt(call, call.meeting.command('appoint', { participant: person.id, role }));
  return (
    <div class="person-role">
      <label for={id}>{t('host.role')}</label>
      <span class="select">
        <select id={id} class="field" value={person.role} onChange={(event) => choose(event.currentTarget.value as Role)}>
          {roles.map((role) => <option key={role} value={role}>{roleName(role)}</option>)}
        </select>
        <DownIcon size={18} />
      </span>
    </div>
  );
}

function Removal({ call, person }: Props) {
  const [asked, setAsked] = useState(false);
  const put = (type: 'remove' | 'ban') => () => attempt(call, call.meeting.command(type, { participant: person.id }));
  if (!asked) return <Act icon={<LeaveIcon size={20} />} name="host.remove" danger onPress={() => setAsked(true)} />;
  return (
    <div class="person-removal" role="group" aria-label={t('host.removeAsk', { name: person.name })}>
      <p>{t('host.removeAsk', { name: person.name })}</p>
      <button type="button" class="button small danger" autoFocus onClick={put('remove')}>{t('host.removeNow')}</button>
      <button type="button" class="button small" onClick={put('ban')}>{t('host.ban')}</button>
      <button type="button" class="button small" onClick={() => setAsked(false)}>{t('app.cancel')}</button>
      <p class="hint">{t('host.banHint')}</p>
    </div>
  );
}

/** What a host may do to one person, below their name. */
export function PersonTools({ call, person }: Props) {
  const { meeting } = call;
  const roles = meeting.about.value.roles ?? [];
  // Who stands in counts by the role they have of right, which the server knows.
  const below = person.acting || roles.includes(person.role);
  return (
    <div class="person-tools">
      {may(meeting, 'moderate') && <Media call={call} person={person} />}
      {may(meeting, 'appoint') && below && <RoleChoice call={call} person={person} roles={roles} />}
      {may(meeting, 'remove') && below && <Removal call={call} person={person} />}
    </div>
  );
}
