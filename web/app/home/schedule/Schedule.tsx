import type { ComponentChildren } from 'preact';
import { useEffect, useId, useState } from 'preact/hooks';
import { schedule as words } from '../../../locales/schedule';
import { addTexts } from '../../../locales/text';
import { CheckIcon, CopyIcon } from '../../call/icons';
import { DownIcon } from '../../icons';
import { language, t, type PlainKey } from '../../language';
import { roomPath } from '../../route';
import { announce } from '../../ui/announce';
import { Dialog } from '../../ui/Dialog';
import { choices, mails, missing, schedule, type Plan, type Planned, type Repeat } from './plan';
import '../../styles/dialog.css';
import '../../styles/schedule.css';

addTexts(words);

const names: Readonly<Record<Repeat, PlainKey>> = {
  never: 'schedule.never', daily: 'schedule.daily', weekdays: 'schedule.weekdays', weekly: 'schedule.weekly',
  fortnightly: 'schedule.fortnightly', monthly: 'schedule.monthly',
};
const durations = [15, 30, 45, 60, 90, 120, 180, 240];

/** The next full hour, where the person is. */
function soon(): Pick<Plan, 'day' | 'time' | 'zone'> {
  const at = new Date(Date.now() + 3_600_000);
  const two = (n: number) => String(n).padStart(2, '0');
  return {
    day: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`, time: `${two(at.getHours())}:00`,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
  };
}

function Labelled({ label, hint, children, wide }: { label: string; hint?: string; wide?: boolean; children: (id: string) => ComponentChildren }) {
  const id = useId();
  return (
    <div class={wide ? 'schedule-wide' : undefined}>
      <label class="label" for={id}>{label}</label>
      {children(id)}
      {hint && <small id={`${id}-hint`} class="quiet">{hint}</small>}
    </div>
  );
}

interface ChoiceProps { id: string; value: string; options: readonly (readonly [value: string, text: string])[]; onChoose: (value: string) => void }

function Choice({ id, value, options, onChoose }: ChoiceProps) {
  return (
    <div class="select">
      <select id={id} class="field" value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {options.map(([key, text]) => <option key={key} value={key}>{text}</option>)}
      </select>
      <DownIcon size={18} />
    </div>
  );
}

function span(minutes: number): string {
  return minutes % 60 === 0 ? t('schedule.hours', { n: minutes / 60 }) : t('schedule.minutes', { n: minutes });
}

/** Every zone the browser knows, the person's own among them. */
function zones(own: string): string[] {
  const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
  return [...new Set([...known, own, 'UTC'])].sort();
}

interface FieldsProps { plan: Plan; set: (change: Partial<Plan>) => void; canMail: boolean }

function When({ plan, set }: Omit<FieldsProps, 'canMail'>) {
  return (
    <>
      <Labelled label={t('schedule.day')}>
        {(id) => <input id={id} class="field" type="date" required value={plan.day} onInput={(event) => set({ day: event.currentTarget.value })} />}
      </Labelled>
      <Labelled label={t('schedule.time')}>
        {(id) => <input id={id} class="field" type="time" required value={plan.time} onInput={(event) => set({ time: event.currentTarget.value })} />}
      </Labelled>
      <Labelled label={t('schedule.duration')}>
        {(id) => <Choice id={id} value={String(plan.minutes)} options={durations.map((n) => [String(n), span(n)])} onChoose={(n) => set({ minutes: Number(n) })} />}
      </Labelled>
      <Labelled label={t('schedule.zone')}>
        {(id) => <Choice id={id} value={plan.zone} options={zones(plan.zone).map((zone) => [zone, zone.replaceAll('_', ' ')])} onChoose={(zone) => set({ zone })} />}
      </Labelled>
      <Labelled label={t('schedule.repeat')} wide={plan.repeat === 'never'}>
        {(id) => <Choice id={id} value={plan.repeat} options={choices(plan.day).map((repeat) => [repeat, t(names[repeat])])} onChoose={(repeat) => set({ repeat: repeat as Repeat })} />}
      </Labelled>
      {plan.repeat !== 'never' && (
        <Labelled label={t('schedule.until')}>
          {(id) => <input id={id} class="field" type="date" min={plan.day} value={plan.until} onInput={(event) => set({ until: event.currentTarget.value })} />}
        </Labelled>
      )}
    </>
  );
}

function Fields({ plan, set, canMail }: FieldsProps) {
  return (
    <div class="schedule-fields">
      <Labelled label={t('schedule.what')} wide>
        {(id) => <input id={id} class="field" type="text" maxLength={120} placeholder={t('schedule.example')} value={plan.title} autoFocus onInput={(event) => set({ title: event.currentTarget.value })} />}
      </Labelled>
      <When plan={plan} set={set} />
      {canMail && (
        <Labelled label={t('schedule.invitees')} hint={t('schedule.inviteesHint')} wide>
          {(id) => <textarea id={id} class="field" rows={3} aria-describedby={`${id}-hint`} autoComplete="off" spellcheck={false} value={plan.invitees} onInput={(event) => set({ invitees: event.currentTarget.value })} />}
        </Labelled>
      )}
      <label class="switch schedule-wide">
        <input type="checkbox" role="switch" checked={plan.lobby} onChange={(event) => set({ lobby: event.currentTarget.checked })} />
        <span>{t('schedule.lobby')}</span>
      </label>
    </div>
  );
}

function Done({ planned, go }: { planned: Planned; go: (path: string) => void }) {
  const id = useId();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(planned.url);
      setCopied(true);
      announce(t('schedule.copied'));
    } catch {
      (document.getElementById(id) as HTMLInputElement | null)?.select();
    }
  };
  return (
    <div class="schedule-done">
      <p class="schedule-name">{planned.title}</p>
      <label class="label" for={id}>{t('schedule.link')}</label>
      <div class="schedule-link">
        <input id={id} class="field" readOnly value={planned.url} onFocus={(event) => event.currentTarget.select()} />
        <button type="button" class="button" onClick={() => void copy()}>
          {copied ? <CheckIcon size={20} /> : <CopyIcon size={20} />}<span>{t(copied ? 'schedule.copied' : 'schedule.copy')}</span>
        </button>
      </div>
      <div class="schedule-actions">
        <a class="button primary" href={planned.calendar} download="palabre.ics">{t('schedule.file')}</a>
        <button type="button" class="button" onClick={() => go(roomPath(planned.room))}>{t('schedule.open')}</button>
      </div>
      <p class="quiet">{t('schedule.owner')}</p>
    </div>
  );
}

interface Props { go: (path: string) => void; onClose: () => void }

/** The form that schedules a meeting, and then its link and calendar file. */
export function Schedule({ go, onClose }: Props) {
  const [plan, setPlan] = useState<Plan>(() => ({ title: '', minutes: 60, repeat: 'never', until: '', lobby: false, invitees: '', ...soon() }));
  const [canMail, setCanMail] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const [planned, setPlanned] = useState<Planned | null>(null);
  useEffect(() => { void mails().then(setCanMail); }, []);
  const set = (change: Partial<Plan>) => {
    setProblem('');
    setPlan((was) => {
      const now = { ...was, ...change };
      return choices(now.day).includes(now.repeat) ? now : { ...now, repeat: 'weekly' };
    });
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const needed = missing(plan);
    if (needed) {
      setProblem(t(needed));
      return;
    }
    setBusy(true);
    const outcome = await schedule(plan, language.value);
    setBusy(false);
    if ('planned' in outcome) setPlanned(outcome.planned);
    else setProblem('refused' in outcome ? t('schedule.refused', { reason: outcome.refused }) : t(outcome.problem));
  };
  return (
    <Dialog title={t(planned ? 'schedule.done' : 'schedule.title')} onClose={onClose}>
      {planned ? <Done planned={planned} go={go} /> : (
        <form onSubmit={(event) => void submit(event)} noValidate>
          <Fields plan={plan} set={set} canMail={canMail} />
          <p class="wrong" role="alert">{problem}</p>
          <div class="schedule-actions">
            <button type="submit" class="button primary" disabled={busy}>{t(busy ? 'schedule.saving' : 'schedule.save')}</button>
            <button type="button" class="button" onClick={onClose}>{t('app.cancel')}</button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
