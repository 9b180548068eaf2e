import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { PollSharing } from '../../../sdk/protocol';
import { t, type PlainKey } from '../../language';
import { attempt } from '../actions';
import { CloseIcon } from '../icons';
import type { CallState } from '../state';
import './words';

const longestQuestion = 300;
const longestAnswer = 120;
const fewest = 2;
const most = 12;

const sharings: readonly { value: PollSharing; name: PlainKey }[] = [
  { value: 'live', name: 'polls.live' }, { value: 'closed', name: 'polls.closed' }, { value: 'private', name: 'polls.private' },
];

interface AnswersProps { answers: readonly string[]; onChange: (answers: string[]) => void }

/** The fields of the answers; another empty one can be added until there are twelve. */
function Answers({ answers, onChange }: AnswersProps) {
  const last = useRef<HTMLInputElement>(null);
  const known = useRef(answers.length);
  useEffect(() => {
    if (answers.length > known.current) last.current?.focus();
    known.current = answers.length;
  }, [answers.length]);
  const write = (at: number, text: string) => onChange(answers.map((answer, i) => (i === at ? text : answer)));
  return (
    <fieldset class="poll-answers">
      <legend class="label">{t('polls.answers')}</legend>
      {answers.map((answer, i) => {
        const number = String(i + 1);
        return (
          <div key={i} class="poll-answer">
            <input
              ref={i === answers.length - 1 ? last : undefined} class="field" maxLength={longestAnswer} value={answer} dir="auto"
              aria-label={t('polls.answer', { number })} placeholder={t('polls.answer', { number })} onInput={(event) => write(i, event.currentTarget.value)}
            />
            {answers.length > fewest && (
              <button type="button" class="round" aria-label={t('polls.removeAnswer', { number })} onClick={() => onChange(answers.filter((_, other) => other !== i))}><CloseIcon size={18} /></button>
            )}
          </div>
        );
      })}
      {answers.length < most && <button type="button" class="text-button" onClick={() => onChange([...answers, ''])}>{t('polls.addAnswer')}</button>}
    </fieldset>
  );
}

interface ToggleProps { name: PlainKey; hint?: PlainKey; on: boolean; onSwitch: (on: boolean) => void }

function Toggle({ name, hint, on, onSwitch }: ToggleProps) {
  return (
    <label class="switch">
      <span>{t(name)}{hint && <small>{t(hint)}</small>}</span>
      <input type="checkbox" role="switch" checked={on} onChange={(event) => onSwitch(event.currentTarget.checked)} />
    </label>
  );
}

/** Writes a poll down. */
export function PollForm({ call, onDone }: { call: CallState; onDone: () => void }) {
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const [question, setQuestion] = useState('');
  const [answers, setAnswers] = useState<string[]>(['', '']);
  const [multiple, setMultiple] = useState(false);
  const [anonymous, setAnonymous] = useState(false);
  const [results, setResults] = useState<PollSharing>('live');
  const [wrong, setWrong] = useState(false);
  useEffect(() => field.current?.focus(), []);
  const create = (open: boolean) => {
    const options = answers.map((answer) => answer.trim()).filter(Boolean);
    if (!question.trim() || new Set(options).size < fewest || new Set(options).size !== options.length) {
      setWrong(true);
      field.current?.focus();
      return;
    }
    const created = call.meeting.command('poll-create', { question, options, multiple, anonymous, results, open });
    attempt(call, created);
    created.then(onDone, () => undefined);
  };
  return (
    <form class="poll-form" onSubmit={(event) => { event.preventDefault(); create(true); }}>
      <div class="poll-form-fields">
        <div>
          <label class="label" for={id}>{t('polls.question')}</label>
          <textarea ref={field} id={id} class="field" rows={2} maxLength={longestQuestion} dir="auto" value={question} placeholder={t('polls.questionExample')} aria-describedby={wrong ? `${id}-wrong` : undefined} onInput={(event) => setQuestion(event.currentTarget.value)} />
        </div>
        <Answers answers={answers} onChange={setAnswers} />
        <Toggle name="polls.multiple" on={multiple} onSwitch={setMultiple} />
        <Toggle name="polls.anonymous" hint="polls.anonymousHint" on={anonymous} onSwitch={setAnonymous} />
        <fieldset class="poll-sharing">
          <legend class="label">{t('polls.results')}</legend>
          {sharings.map(({ value, name }) => (
            <label key={value}><input type="radio" name={`${id}-results`} checked={results === value} onChange={() => setResults(value)} /><span>{t(name)}</span></label>
          ))}
        </fieldset>
        {wrong && <p class="wrong" id={`${id}-wrong`} role="alert">{t('polls.incomplete')}</p>}
      </div>
      <div class="poll-form-foot">
        <button type="submit" class="button primary wide">{t('polls.ask')}</button>
        <div class="poll-form-more">
          <button type="button" class="text-button" onClick={() => create(false)}>{t('polls.draft')}</button>
          <button type="button" class="text-button" onClick={onDone}>{t('app.cancel')}</button>
        </div>
      </div>
    </form>
  );
}
