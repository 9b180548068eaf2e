/** Video one does not want to receive: the choice, and the way back. */
import type { Incoming, PictureSource } from '../../sdk';
import { CameraIcon, CameraOffIcon } from '../icons';
import { t, type PlainKey } from '../language';
import type { Session } from '../session';
import { Segmented } from '../ui/Segmented';
import type { CallState } from './state';

const choices: readonly { value: Incoming; name: PlainKey }[] = [
  { value: 'all', name: 'incoming.all' }, { value: 'screens', name: 'incoming.screens' }, { value: 'none', name: 'incoming.none' },
];

/** Whether somebody's picture is missing because this person turned it off. */
export function offByYou(incoming: Incoming, source: PictureSource, self: boolean): boolean {
  return !self && (incoming === 'none' || (incoming === 'screens' && source === 'camera'));
}

export function IncomingChoice({ meeting }: { meeting: Session }) {
  return <Segmented label="incoming.label" choices={choices} value={meeting.incoming.value} onChoose={(value) => meeting.setIncoming(value)} />;
}

/** What is turned off, for as long as it is, with the button that brings it back. */
export function IncomingNotice({ call: { meeting } }: { call: CallState }) {
  const incoming = meeting.incoming.value;
  const audioOnly = meeting.audioOnly.value;
  if (incoming === 'all' && !audioOnly) return null;
  const back = () => {
    if (audioOnly) meeting.setAudioOnly(false);
    else meeting.setIncoming('all');
  };
  return (
    <div class="notice slim">
      <CameraOffIcon size={18} />
      <p>{t(audioOnly ? 'audio.is' : incoming === 'none' ? 'incoming.isNone' : 'incoming.isScreens')}</p>
      <button type="button" class="button small" onClick={back}><CameraIcon size={18} />{t(audioOnly ? 'audio.end' : 'incoming.on')}</button>
    </div>
  );
}
