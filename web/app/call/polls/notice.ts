/** Tells, gently, of polls that open. It comes with the first of them. */
import { effect } from '@preact/signals';
import { t } from '../../language';
import type { CallState } from '../state';
import { toast } from '../toasts';
import './words';

/** How long ago a poll may have opened to be news to who comes in. */
const recent = 10 * 60_000;

/** Follows the polls until the call is over. */
export function followPolls(call: CallState): () => void {
  const told = new Set<string>();
  return effect(() => {
    for (const poll of call.meeting.topic('polls').value?.polls ?? []) {
      if (poll.state !== 'open' || told.has(poll.id)) continue;
      told.add(poll.id);
      if (poll.own || poll.voted || call.panel.peek() === 'polls' || Date.now() - (poll.opened ?? 0) > recent) continue;
      const show = () => { call.panel.value = 'polls'; };
      toast(call, t('polls.asks', { name: poll.asker, question: poll.question }), 'polite', { label: t('polls.answerIt'), run: show });
    }
  });
}
