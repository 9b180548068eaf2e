import { MicOffIcon } from '../../icons';
import { t } from '../../language';
import { may } from '../../permissions';
import { attempt } from '../actions';
import { LockIcon, SettingsIcon, UnlockIcon } from '../icons';
import type { CallState } from '../state';
import './words';
import '../../styles/hosting.css';

/** What a host may do to all, above the list of people. */
export function MeetingTools({ call }: { call: CallState }) {
  const { meeting } = call;
  const { locked } = meeting.about.value;
  return (
    <div class="meeting-tools">
      {may(meeting, 'moderate') && (
        <button type="button" class="button small" onClick={() => attempt(call, meeting.command('mute', { participant: '' }))}><MicOffIcon size={18} />{t('host.muteAll')}</button>
      )}
      {may(meeting, 'lock') && (
        <button type="button" class="button small" aria-pressed={locked} onClick={() => attempt(call, meeting.command('lock', { locked: !locked }))}>
          {locked ? <UnlockIcon size={18} /> : <LockIcon size={18} />}{t(locked ? 'host.unlock' : 'host.lock')}
        </button>
      )}
      {may(meeting, 'configure') && (
        <button type="button" class="button small wide" onClick={() => call.openDialog('room')}><SettingsIcon size={18} />{t('menu.room')}</button>
      )}
    </div>
  );
}
