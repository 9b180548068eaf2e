import { useEffect, useId, useState } from 'preact/hooks';
import type { Ballot, Ballots, Poll } from '../../../sdk/protocol';
import { t } from '../../language';
import { may } from '../../permissions';
import { attempt } from '../actions';
import { CheckIcon } from '../icons';
import type { CallState } from '../state';
import { json, save, table } from './export';
import { aboutPoll, share, stateOf } from './words';

interface Props { call: CallState; poll: Poll }

/** Who chose what, as the server tells it. */
async function ballotsOf(call: CallState, poll: Poll): Promise<Ballot[]> {
  if (poll.anonymous) return [];
  const reply = await call.meeting.command('poll-ballots', { poll: poll.id });
  return 'data' in reply ? (reply.data as Ballots).votes : [];
}

/** One answer: to choose while the poll is open, and how many did where that may be seen. */
function Option({ poll, at, chosen, name, onChoose }: { poll: Poll; at: number; chosen: boolean; name?: string; onChoose: () => void }) {
  const count = poll.counts?.[at];
  const mine = poll.choice.includes(at);
  const percent = share(poll, at);
  const words = <span class="poll-option-text" dir="auto">{poll.options[at]}</span>;
  const figures = count !== undefined && (
    <span class="poll-option-count"><span class="aside">{t('polls.count', { n: count })}, </span><span aria-hidden="true">{count} · </span>{percent}{'\u202f'}%</span>
  );
  return (
    <li class="poll-option" data-mine={mine || undefined}>
      {count !== undefined && <span class="poll-bar" style={{ width: `${percent}%` }} />}
      {name
        ? <label><input type={poll.multiple ? 'checkbox' : 'radio'} name={name} checked={chosen} onChange={onChoose} />{words}{figures}</label>
        : <div>{poll.choice.length > 0 && <span class="poll-option-mine">{mine && <><CheckIcon size={18} /><span class="aside">{t('polls.mine')}</span></>}</span>}{words}{figures}</div>}
    </li>
  );
}

/** The answers, and the button that sends one's own. */
function Answering({ call, poll }: Props) {
  const name = useId();
  const known = poll.choice.join();
  const [chosen, setChosen] = useState<readonly number[]>(poll.choice);
  useEffect(() => setChosen(poll.choice), [known]);
  const open = poll.state === 'open' && !poll.final && may(call.meeting, 'vote');
  const toggle = (at: number) => {
    if (!poll.multiple) setChosen([at]);
    else setChosen(chosen.includes(at) ? chosen.filter((other) => other !== at) : [...chosen, at].sort((a, b) => a - b));
  };
  const send = () => attempt(call, call.meeting.command('poll-vote', { poll: poll.id, choice: [...chosen] }));
  const same = chosen.join() === known;
  return (
    <form onSubmit={(event) => { event.preventDefault(); send(); }}>
      <fieldset class="poll-options">
        <legend class="aside">{poll.question}</legend>
        <ul>{poll.options.map((_, at) => <Option key={at} poll={poll} at={at} chosen={chosen.includes(at)} name={open ? name : undefined} onChoose={() => toggle(at)} />)}</ul>
      </fieldset>
      {open && (!same || !poll.voted) && <button type="submit" class="button primary wide" disabled={chosen.length === 0}>{t(poll.voted ? 'polls.revote' : 'polls.vote')}</button>}
      <p class="quiet poll-note">
        {t('polls.people', { n: poll.people })}
        {poll.state === 'open' && poll.voted && <span>{t(poll.final ? 'polls.final' : 'polls.voted')}</span>}
        {!poll.counts && <span>{t(poll.results === 'closed' ? 'polls.hiddenLive' : 'polls.hiddenPrivate')}</span>}
      </p>
    </form>
  );
}

/** Who chose what in a named poll, asked for when somebody wants to see it. */
function Voters({ call, poll }: Props) {
  const [ballots, setBallots] = useState<readonly Ballot[] | null>(null);
  const [wanted, setWanted] = useState(false);
  useEffect(() => {
    if (!wanted) return;
    ballotsOf(call, poll).then(setBallots, () => setBallots([]));
  }, [wanted, poll.people, poll.counts?.join()]);
  return (
    <details class="poll-voters" onToggle={(event) => setWanted(event.currentTarget.open)}>
      <summary>{t('polls.who')}</summary>
      {ballots && (
        <dl>
          {poll.options.map((option, at) => {
            const names = ballots.filter((ballot) => ballot.choice.includes(at)).map((ballot) => ballot.name);
            return <div key={at}><dt dir="auto">{option}</dt><dd>{names.join(', ') || t('polls.nobody')}</dd></div>;
          })}
        </dl>
      )}
    </details>
  );
}

/** What who asked, and hosts, may do with a poll. */
function Tools({ call, poll }: Props) {
  const [sure, setSure] = useState(false);
  const tell = (type: 'poll-open' | 'poll-close' | 'poll-share' | 'poll-delete') => () => attempt(call, call.meeting.command(type, { poll: poll.id }));
  const keep = (make: typeof table, ending: 'csv' | 'json', kind: string) => () => {
    const saved = ballotsOf(call, poll).then((ballots) => save(`poll-${new Date(poll.opened ?? 0).toISOString().slice(0, 10)}.${ending}`, kind, make(poll, ballots)));
    attempt(call, saved);
  };
  const hidden = poll.own && poll.state !== 'draft' && !poll.shared && (poll.results === 'private' || (poll.results === 'closed' && poll.state === 'open'));
  return (
    <div class="poll-tools">
      {poll.state === 'draft' && <button type="button" class="button small primary" onClick={tell('poll-open')}>{t('polls.ask')}</button>}
      {poll.state === 'open' && <button type="button" class="button small" onClick={tell('poll-close')}>{t('polls.close')}</button>}
      {hidden && <button type="button" class="button small" onClick={tell('poll-share')}>{t('polls.show')}</button>}
      {poll.counts && poll.state === 'closed' && (
        <details class="poll-export">
          <summary class="text-button">{t('polls.export')}</summary>
          <button type="button" class="text-button" onClick={keep(table, 'csv', 'text/csv')}>{t('polls.csv')}</button>
          <button type="button" class="text-button" onClick={keep(json, 'json', 'application/json')}>{t('polls.json')}</button>
        </details>
      )}
      <button type="button" class={`text-button${sure ? ' danger' : ''}`} onClick={sure ? tell('poll-delete') : () => setSure(true)} onBlur={() => setSure(false)}>
        {t(sure ? 'polls.deleteSure' : 'polls.delete')}
      </button>
    </div>
  );
}

/** One poll. */
export function PollCard({ call, poll }: Props) {
  return (
    <article class="poll" data-state={poll.state}>
      <p class="poll-about quiet"><span class="poll-state">{stateOf(poll)}</span>{aboutPoll(poll)}</p>
      <h3 dir="auto">{poll.question}</h3>
      {poll.state === 'draft'
        ? <ul class="poll-drafted">{poll.options.map((option, at) => <li key={at} dir="auto">{option}</li>)}</ul>
        : <Answering call={call} poll={poll} />}
      {!poll.anonymous && poll.counts && poll.people > 0 && <Voters call={call} poll={poll} />}
      {poll.manage && <Tools call={call} poll={poll} />}
    </article>
  );
}
