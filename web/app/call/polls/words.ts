/** The words of the polls, and what of a poll is said in them. */
import { polls } from '../../../locales/polls';
import { addTexts } from '../../../locales/text';
import type { Poll } from '../../../sdk/protocol';
import { t } from '../../language';

addTexts(polls);

/** "Asked by Ana · several answers · anonymous" */
export function aboutPoll(poll: Poll): string {
  const parts = [poll.own ? t('polls.byYou') : t('polls.by', { name: poll.asker })];
  if (poll.multiple) parts.push(t('polls.several'));
  if (poll.anonymous) parts.push(t('polls.nameless'));
  return parts.join(' · ');
}

export function stateOf(poll: Poll): string {
  if (poll.state === 'draft') return t('polls.stateDraft');
  return t(poll.state === 'open' ? 'polls.stateOpen' : 'polls.stateClosed');
}

/** The share of those who voted that chose an option, in whole percent. */
export function share(poll: Poll, option: number): number {
  const count = poll.counts?.[option] ?? 0;
  return poll.people > 0 ? Math.round((100 * count) / poll.people) : 0;
}
