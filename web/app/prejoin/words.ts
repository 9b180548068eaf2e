import type { Failure, Phase, Preview, Step } from '../../sdk';
import { list } from '../format';
import { t } from '../language';

/** Who is in already: "Ana and 2 others are here". */
export function whoIsIn({ count, names }: Preview): string {
  if (count <= 0) return t('door.nobody');
  if (names.length === 0) return t('door.people', { n: count });
  const shown = count > names.length ? names.slice(0, 2) : names;
  const rest = count - shown.length;
  if (shown.length === 1 && rest === 0) return t('door.one', { name: shown[0] ?? '' });
  const parts = rest > 0 ? [...shown, t('door.others', { n: rest })] : shown;
  return t('door.several', { names: list(parts) });
}

/** What the page is busy with, under the Join button. */
export function progress(phase: Phase, step: Step, failure: Failure | null): string {
  if (failure?.code === 'unreachable') return `${t('fail.offline')}. ${t('fail.offlineHint')}`;
  if (failure?.code === 'media-blocked') return `${t('fail.media')}. ${t('fail.mediaHint')}`;
  if (failure?.code === 'unavailable' || failure?.code === 'rate-limited') return `${t('fail.unavailable')}. ${t('fail.unavailableHint')}`;
  if (phase === 'joining') return t('door.step.joining');
  if (step === 'signalling') return t('door.step.signalling');
  if (step === 'securing') return t('door.step.securing');
  return t('door.step.ready');
}
