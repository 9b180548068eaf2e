import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { MaxName } from '../../sdk';
import { Mark, WarningIcon } from '../icons';
import { t } from '../language';
import { memory } from '../memory';
import { may } from '../permissions';
import { roomTitle } from '../route';
import type { Session } from '../session';
import { later } from '../ui/later';
import { DeviceSummary } from './Devices';
import { NoPicture, OwnPicture } from './OwnPicture';
import { deviceProblems } from './problems';
import { progress, whoIsIn } from './words';

interface Props { meeting: Session; onCancel: () => void }

function Problems({ meeting }: Pick<Props, 'meeting'>) {
  const keys = deviceProblems(meeting.local.microphone.value, meeting.local.camera.value);
  return (
    <div class="door-problems" role="status">
      {keys.map((key) => <p key={key} class="problem"><WarningIcon size={18} /><span>{t(key)}</span></p>)}
    </div>
  );
}

const show = later<{ meeting: Session }>(async () => (await import('./ShowPicture')).ShowPicture, () => undefined);

function Waiting({ meeting, onCancel }: Props) {
  return (
    <div class="door-waiting" role="status">
      <span class="dots" aria-hidden="true"><i /><i /><i /></span>
      <h2>{t('door.waiting')}</h2>
      <p>{t('door.waitingHint')}</p>
      <div class="door-choices">
        {may(meeting, 'publish') || meeting.local.preview.value ? <show.Part meeting={meeting} /> : null}
        <button type="button" class="button" onClick={onCancel}>{t('app.cancel')}</button>
      </div>
    </div>
  );
}

interface FormProps { meeting: Session; name: string; setName: (name: string) => void }

/**
 * Join can be pressed before the connection stands; the wish is kept and
 * carried out as soon as the door opens.
 */
function JoinForm({ meeting, name, setName }: FormProps) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [missing, setMissing] = useState(false);
  const [wanted, setWanted] = useState(false);
  const phase = meeting.phase.value;
  const fixed = meeting.fixedName.value;
  useEffect(() => {
    if (!wanted || phase !== 'door') return;
    setWanted(false);
    meeting.join(fixed || name.trim()).catch(() => undefined); // shown from meeting.failure
  }, [wanted, phase]);
  const submit = (event: Event) => {
    event.preventDefault();
    const empty = !fixed && name.trim() === '';
    setMissing(empty);
    if (empty) {
      field.current?.focus();
      return;
    }
    if (!fixed) memory.set('name', name.trim());
    setWanted(true);
  };
  const busy = wanted || phase === 'joining';
  return (
    <form class="door-form" onSubmit={submit} noValidate>
      {fixed ? <p>{t('door.nameFixed', { name: fixed })}</p> : (
        <div>
          <label class="label" for={id}>{t('door.name')}</label>
          <input
            ref={field} id={id} class="field" type="text" autoComplete="name" maxLength={MaxName} value={name}
            aria-invalid={missing} aria-describedby={`${id}-missing`}
            onInput={(event) => { setName(event.currentTarget.value); setMissing(false); }}
          />
          <p id={`${id}-missing`} class="wrong" role="alert">{missing && t('door.nameNeeded')}</p>
        </div>
      )}
      {may(meeting, 'publish') && <div class="door-more"><DeviceSummary local={meeting.local} /></div>}
      <div class="door-join">
        <button type="submit" class="button primary big wide" aria-disabled={busy}>{t('door.join')}</button>
        <p class="door-step" role="status" data-ready={phase === 'door' && meeting.step.value === 'ready' && !meeting.failure.value}>
          {progress(busy ? 'joining' : phase, meeting.step.value, meeting.failure.value)}
        </p>
      </div>
    </form>
  );
}

/** In front of the door: how one looks and sounds, and who is inside. */
export function PreJoin({ meeting, onCancel }: Props) {
  const [name, setName] = useState(() => memory.get('name') ?? '');
  const title = meeting.about.value.title || roomTitle(meeting.options.room);
  const shown = meeting.fixedName.value || name;
  // Who must be let in is not told who is inside, not even that nobody is.
  const told = meeting.phase.value !== 'waiting' && (!meeting.about.value.lobby || may(meeting, 'pass'));
  useEffect(() => { document.title = t('app.title', { room: title }); });
  return (
    <div class="door">
      <header class="door-head"><a href="/" aria-label={t('app.name')}><Mark size={28} /></a></header>
      <main class="door-main">
        <div class="door-left">
          {may(meeting, 'publish') ? <><OwnPicture local={meeting.local} name={shown} /><Problems meeting={meeting} /></> : <NoPicture name={shown} />}
        </div>
        <div class="door-right">
          <div class="door-title">
            <h1>{title}</h1>
            <p>{told && whoIsIn(meeting.preview.value)}</p>
          </div>
          {meeting.phase.value === 'waiting' ? <Waiting meeting={meeting} onCancel={onCancel} /> : <JoinForm meeting={meeting} name={name} setName={setName} />}
        </div>
      </main>
    </div>
  );
}
