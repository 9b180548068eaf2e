import type { ComponentType } from 'preact';
import { t } from '../language';
import { later } from '../ui/later';
import type { CallState } from './state';
import { toast } from './toasts';

/** A panel that comes when somebody first opens it. */
export function panel(bring: () => Promise<ComponentType<{ call: CallState }>>): ComponentType<{ call: CallState }> {
  return later(bring, ({ call }: { call: CallState }) => {
    toast(call, t('refused.offline'), 'urgent');
    call.panel.value = null;
  }).Part;
}
