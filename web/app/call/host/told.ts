/** Tells people what a host did to them, or asks of them. */
import type { Asked, Participant } from '../../../sdk';
import { t } from '../../language';
import { toggleCamera, toggleMicrophone } from '../actions';
import type { CallState } from '../state';
import { toast } from '../toasts';
import { roleName } from './words';

/** A word of the room about somebody: ourselves, or one we asked. */
export function tellAsked(call: CallState, { what, participant, by, name = '' }: Asked): void {
  const self = call.meeting.self.peek()?.id;
  if (participant !== self) {
    const other = call.meeting.participants.peek().find((person) => person.id === participant);
    if (other && by === self) toast(call, t('told.passedOn', { name: other.name }));
    return;
  }
  const who = { name: name || t('told.aHost') };
  const { microphone, camera } = call.meeting.local;
  switch (what) {
    case 'muted':
      return void toast(call, by || name ? t('told.muted', who) : t('told.mutedOnEntry'));
    case 'camera-off':
      return void toast(call, t('told.cameraOff', who));
    case 'share-off':
      return void toast(call, t('told.shareOff', who));
    case 'unmute':
      return void toast(call, t('told.unmute', who), 'urgent', { label: t('bar.unmute'), run: () => { if (!microphone.peek().on) toggleMicrophone(call); } });
    case 'camera-on':
      return void toast(call, t('told.camera', who), 'urgent', { label: t('bar.cameraOn'), run: () => { if (!camera.peek().on) toggleCamera(call); } });
  }
}

/** Somebody has another role than before: told to themselves, and to all when they stand in for a host. */
export function tellRole(call: CallState, now: Participant, was: Participant): void {
  if (now.acting && !was.acting) toast(call, now.self ? t('told.standIn') : t('told.standsIn', { name: now.name }));
  else if (now.self) toast(call, t('told.role', { role: roleName(now.role) }));
}
