import { t } from '../language';
import { later } from '../ui/later';
import type { CallState } from './state';
import { toast } from './toasts';

/** The statistics come when somebody first asks for them. */
export const { Part: LazyStatistics } = later(async () => (await import('./Statistics')).Statistics, ({ call }: { call: CallState }) => {
  toast(call, t('refused.offline'), 'urgent');
  call.panel.value = null;
});
