import { useState } from 'preact/hooks';
import { t } from '../../language';
import { may } from '../../permissions';
import { PollIcon } from '../icons';
import type { CallState } from '../state';
import { PollCard } from './PollCard';
import { PollForm } from './PollForm';
import './words';
import '../../styles/polls.css';

/** As many as one meeting holds. */
const most = 20;

/** The polls of the meeting, newest first, and a form for who may ask. */
export function Polls({ call }: { call: CallState }) {
  const [writing, setWriting] = useState(false);
  const polls = [...(call.meeting.topic('polls').value?.polls ?? [])].reverse();
  const asks = may(call.meeting, 'ask');
  if (writing && asks) return <div class="polls"><PollForm call={call} onDone={() => setWriting(false)} /></div>;
  return (
    <div class="polls">
      <div class="polls-list" tabIndex={0} role="region" aria-label={t('polls.title')}>
        {polls.map((poll) => <PollCard key={poll.id} call={call} poll={poll} />)}
        {polls.length === 0 && (
          <div class="polls-none"><PollIcon size={32} /><p>{t('polls.none')}</p><p class="quiet">{t(asks ? 'polls.noneAsk' : 'polls.noneHint')}</p></div>
        )}
      </div>
      {asks && (
        <div class="polls-foot">
          {polls.length >= most
            ? <p class="quiet">{t('polls.tooMany')}</p>
            : <button type="button" class="button primary wide" onClick={() => setWriting(true)}>{t('polls.new')}</button>}
        </div>
      )}
    </div>
  );
}
