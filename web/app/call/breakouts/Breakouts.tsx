import { t } from '../../language';
import { may } from '../../permissions';
import type { CallState } from '../state';
import { Opened } from './Opened';
import { Plan } from './Plan';
import { Planned } from './Planned';
import { none } from './words';
import '../../styles/breakouts.css';

/** The breakout rooms: to be planned, planned, or open. */
export function Breakouts({ call }: { call: CallState }) {
  const about = call.meeting.topic('breakouts').value ?? none;
  if (about.open) return <Opened call={call} about={about} />;
  if (!may(call.meeting, 'break')) return <p class="quiet breakouts-none">{t('breakouts.soon')}</p>;
  return about.rooms.length > 0 ? <Planned call={call} about={about} /> : <Plan call={call} />;
}
