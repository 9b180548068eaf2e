import { t, type PlainKey } from '../../language';
import { Popover } from '../../ui/Popover';
import { attempt } from '../actions';
import { CloseIcon, LeaveIcon } from '../icons';
import type { CallState } from '../state';
import './words';
import '../../styles/hosting.css';

function Choice({ icon: Icon, name, hint, danger, onPress }: { icon: typeof LeaveIcon; name: PlainKey; hint: PlainKey; danger?: boolean; onPress: () => void }) {
  return (
    <button type="button" class={`menu-item leave-choice${danger ? ' danger' : ''}`} onClick={onPress}>
      <Icon /><span>{t(name)}<small>{t(hint)}</small></span>
    </button>
  );
}

/** For who may end the meeting: go alone, or end it for all. */
export function LeaveMenu({ call }: { call: CallState }) {
  const close = () => { call.menu.value = null; };
  const end = () => {
    close();
    attempt(call, call.meeting.command('end', undefined));
  };
  return (
    <Popover id="leave" class="popover-leave" label={t('bar.leave')} onClose={close}>
      <Choice icon={LeaveIcon} name="leave.now" hint="leave.nowHint" onPress={() => call.meeting.leave()} />
      <Choice icon={CloseIcon} name="leave.end" hint="leave.endHint" danger onPress={end} />
    </Popover>
  );
}
