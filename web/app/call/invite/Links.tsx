import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { links as words } from '../../../locales/links';
import { hosting } from '../../../locales/hosting';
import { addTexts } from '../../../locales/text';
import { MaxName } from '../../../sdk';
import type { Link, Role, ServerMessage } from '../../../sdk/protocol';
import { DownIcon } from '../../icons';
import { t, type PlainKey } from '../../language';
import { CopyLink } from '../../ui/CopyLink';
import { attempt } from '../actions';
import type { CallState } from '../state';
import { addressOf, givable, open, roleName, spans, standing, type Span } from './links';
import '../../styles/links.css';

addTexts(words);
addTexts(hosting);

interface WishProps { call: CallState; onMade: (link: Link) => void }

function Choice<Value extends string>({ label, value, values, name, onChoose }: {
  label: PlainKey; value: Value; values: readonly Value[]; name: (value: Value) => string; onChoose: (value: Value) => void;
}) {
  const id = useId();
  return (
    <div>
      <label class="label" for={id}>{t(label)}</label>
      <span class="select">
        <select id={id} class="field" value={value} onChange={(event) => onChoose(event.currentTarget.value as Value)}>
          {values.map((one) => <option key={one} value={one}>{name(one)}</option>)}
        </select>
        <DownIcon size={18} />
      </span>
    </div>
  );
}

/** What link is wished for. */
function Wish({ call, onMade }: WishProps) {
  const { meeting } = call;
  const id = useId();
  const roles = givable(meeting.about.value.role);
  const [role, setRole] = useState<Role>('guest');
  const [span, setSpan] = useState<Span>('links.week');
  const [name, setName] = useState('');
  const [once, setOnce] = useState(false);
  const [busy, setBusy] = useState(false);
  const make = (event: Event) => {
    event.preventDefault();
    setBusy(true);
    const wish = { role, once, expires: Date.now() + spans[span], ...(name.trim() ? { name: name.trim() } : {}) };
    const made = meeting.command('link-create', wish).then((answer: ServerMessage | undefined) => {
      if (answer?.type === 'link') onMade(answer.data);
      setName('');
    });
    attempt(call, made.finally(() => setBusy(false)));
  };
  return (
    <form class="links-wish" onSubmit={make}>
      <div class="links-row">
        <Choice label="links.role" value={role} values={roles} name={roleName} onChoose={setRole} />
        <Choice label="links.ends" value={span} values={Object.keys(spans) as Span[]} name={(one) => t(one)} onChoose={setSpan} />
      </div>
      <div>
        <label class="label" for={id}>{t('links.name')}</label>
        <input id={id} class="field" type="text" maxLength={MaxName} value={name} autoComplete="off" onInput={(event) => setName(event.currentTarget.value)} />
      </div>
      <label class="switch">
        <input type="checkbox" role="switch" checked={once} onChange={(event) => setOnce(event.currentTarget.checked)} />
        <span>{t('links.once')}<small>{t('links.onceHint')}</small></span>
      </label>
      <button type="submit" class="button wide" aria-disabled={busy}>{t('links.make')}</button>
    </form>
  );
}

function Row({ link, onRevoke }: { link: Link; onRevoke: () => void }) {
  const name = link.name || t('links.nobody');
  return (
    <li class={open(link) ? '' : 'over'}>
      <span class="links-who"><b>{name}</b><small>{standing(link)}</small></span>
      {open(link) && <button type="button" class="button small" aria-label={t('links.revokeFor', { name })} onClick={onRevoke}>{t('links.revoke')}</button>}
    </li>
  );
}

/** Links made before, newest first. */
function useLinks(call: CallState) {
  const [list, setList] = useState<readonly Link[]>([]);
  const [next, setNext] = useState('');
  const put = (link: Link) => setList((known) => [link, ...known.filter((one) => one.id !== link.id)].sort((a, b) => (a.id < b.id ? 1 : -1)));
  const more = () => {
    const page = call.meeting.command('link-list', next ? { after: next } : {}).then((answer: ServerMessage | undefined) => {
      if (answer?.type !== 'links') return;
      const { links, next: after = '' } = answer.data;
      setList((known) => [...known.filter((one) => !links.some((link) => link.id === one.id)), ...links]);
      setNext(after);
    });
    attempt(call, page);
  };
  const revoke = (link: Link) => {
    attempt(call, call.meeting.command('link-revoke', { link: link.id }).then((answer: ServerMessage | undefined) => {
      if (answer?.type === 'link') put(answer.data);
    }));
  };
  useEffect(more, []);
  return { list, next, more, put, revoke };
}

/** Links of one's own making into the room: for guests, members and co-hosts. */
export function Links({ call }: { call: CallState }) {
  const { list, next, more, put, revoke } = useLinks(call);
  const [made, setMade] = useState<Link | null>(null);
  const { room } = call.meeting.options;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.scrollIntoView?.({ block: 'center' }), [made]);
  return (
    <section class="links">
      {call.meeting.about.value.role === 'owner' && <p class="links-owner">{t('links.owner')}</p>}
      <h3>{t('links.title')}</h3>
      <p class="hint">{t('links.hint')}</p>
      <Wish call={call} onMade={(link) => { setMade(link); put(link); }} />
      {made?.token && list.some((link) => link.id === made.id && open(link)) && (
        <div class="links-made" role="status" ref={box}>
          <CopyLink link={addressOf(room, made.token)} id="personal-link" />
          <p class="hint">{t('links.made')}</p>
        </div>
      )}
      {list.length > 0 && (
        <>
          <h3>{t('links.list')}</h3>
          <ul class="links-list">{list.map((link) => <Row key={link.id} link={link} onRevoke={() => revoke(link)} />)}</ul>
          {next && <button type="button" class="button small" onClick={more}>{t('links.more')}</button>}
        </>
      )}
    </section>
  );
}
