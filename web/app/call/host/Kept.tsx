import { useId, useState } from 'preact/hooks';
import type { Configure } from '../../../sdk';
import { t } from '../../language';
import { attempt } from '../actions';
import type { CallState } from '../state';
import { mostSites, readSites } from './sites';

interface Props { call: CallState }

const mostDays = 3650;

function change(call: CallState, settings: Configure): void {
  attempt(call, call.meeting.command('configure', settings));
}

/** How long what happened here is kept; empty is as long as the server says. */
function Retention({ call }: Props) {
  const id = useId();
  const { retentionDays = 0 } = call.meeting.about.value;
  const [wrong, setWrong] = useState(false);
  const save = (field: HTMLInputElement) => {
    const days = field.value === '' ? 0 : field.valueAsNumber;
    const fits = field.validity.valid && days >= 0 && days <= mostDays;
    setWrong(!fits);
    if (fits && days !== retentionDays) change(call, { retentionDays: days });
  };
  return (
    <div class="room-kept">
      <div class="room-least">
        <label for={id}>{t('room.days')}</label>
        <input
          id={id} class="field" type="number" min={0} max={mostDays} step="any" inputMode="decimal" placeholder={t('room.daysServer')} value={retentionDays || ''}
          aria-invalid={wrong} aria-describedby={`${id}-hint`} onChange={(event) => save(event.currentTarget)}
        />
      </div>
      <p id={`${id}-hint`} class={wrong ? 'wrong' : 'hint'} role={wrong ? 'alert' : undefined}>{wrong ? t('room.daysWrong', { n: mostDays }) : t('room.daysHint')}</p>
    </div>
  );
}

function Embedding({ call, sites }: Props & { sites: string }) {
  const id = useId();
  const [text, setText] = useState(sites);
  const [wrong, setWrong] = useState('');
  const save = (event: Event) => {
    event.preventDefault();
    const read = readSites(text);
    const many = read.origins.length > mostSites;
    if (read.wrong || many) {
      setWrong(many ? t('room.sitesMany', { n: mostSites }) : t('room.sitesWrong', { site: read.wrong }));
      document.getElementById(id)?.focus();
      return;
    }
    setText(read.origins.join('\n'));
    change(call, { origins: read.origins });
  };
  return (
    <form class="room-title" onSubmit={save}>
      <label class="label" for={id}>{t('room.sites')}</label>
      <textarea
        id={id} class="field room-sites" rows={2} autoComplete="off" autoCapitalize="none" spellcheck={false} placeholder="https://chat.example" value={text}
        aria-invalid={Boolean(wrong)} aria-describedby={`${id}-hint`} onInput={(event) => { setText(event.currentTarget.value); setWrong(''); }}
      />
      <button type="submit" class="button" disabled={text.trim() === sites}>{t('room.save')}</button>
      <p id={`${id}-hint`} class={wrong ? 'wrong' : 'hint'} role={wrong ? 'alert' : undefined}>{wrong || t('room.sitesHint')}</p>
    </form>
  );
}

/** What stays of the room when a meeting is over, and where else it is shown. */
export function Kept({ call }: Props) {
  const sites = (call.meeting.about.value.origins ?? []).join('\n');
  return (
    <section>
      <h3>{t('room.kept')}</h3>
      <Retention call={call} />
      <Embedding key={sites} call={call} sites={sites} />
    </section>
  );
}
