import type { ScreenMode } from '../../sdk';
import { t, type PlainKey } from '../language';
import type { Local } from '../session';
import { Segmented } from '../ui/Segmented';

const choices: readonly { value: ScreenMode['chosen']; name: PlainKey }[] = [
  { value: 'auto', name: 'share.auto' }, { value: 'text', name: 'share.text' }, { value: 'motion', name: 'share.motion' },
];

/** Whether a share is made for reading or for moving pictures; by itself, unless the person says. */
export function ShareMode({ local, quiet }: { local: Local; quiet?: boolean }) {
  return <Segmented label="share.mode" quiet={quiet} choices={choices} value={local.screenMode.value.chosen} onChoose={(mode) => local.setScreenMode(mode)} />;
}

/** What the share is made for just now. */
export function shareWords(local: Local): string {
  return t(local.screenMode.value.now === 'text' ? 'share.nowText' : 'share.nowMotion');
}
