/** The statistics come with their own file, when somebody first asks for them. */
import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { t } from '../language';
import type { CallState } from './state';
import { toast } from './toasts';

const loaded = signal<ComponentType<{ call: CallState }> | null>(null);

async function load(): Promise<void> {
  if (!loaded.peek()) loaded.value = (await import('./Statistics')).Statistics;
}

export function LazyStatistics({ call }: { call: CallState }) {
  useEffect(() => {
    void load().catch(() => {
      toast(call, t('refused.offline'), 'urgent');
      call.panel.value = null;
    });
  }, []);
  const Statistics = loaded.value;
  return Statistics ? <Statistics call={call} /> : null;
}
