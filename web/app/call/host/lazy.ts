/** What only hosts need comes in files of their own, when somebody first needs it. */
import type { Asked, Participant } from '../../../sdk';
import { t } from '../../language';
import { later } from '../../ui/later';
import type { CallState } from '../state';
import { toast } from '../toasts';

const failed = ({ call }: { call: CallState }) => {
  toast(call, t('refused.offline'), 'urgent');
  call.menu.value = null;
  call.dialog.value = null;
};

export const PersonTools = later<{ call: CallState; person: Participant }>(async () => (await import('./PersonTools')).PersonTools, failed).Part;
export const MeetingTools = later<{ call: CallState }>(async () => (await import('./MeetingTools')).MeetingTools, failed).Part;
export const RoomSettings = later<{ call: CallState }>(async () => (await import('./RoomSettings')).RoomSettings, failed).Part;
export const LeaveMenu = later<{ call: CallState }>(async () => (await import('./LeaveMenu')).LeaveMenu, failed).Part;

export function tellAsked(call: CallState, asked: Asked): void {
  void import('./told').then((told) => told.tellAsked(call, asked), () => undefined);
}

export function tellRole(call: CallState, now: Participant, was: Participant): void {
  void import('./told').then((told) => told.tellRole(call, now, was), () => undefined);
}
