import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { MaxChat, type Line } from '../../sdk';
import { DownIcon } from '../icons';
import { SendIcon } from './icons';
import { time } from '../format';
import { t } from '../language';
import { may } from '../permissions';
import { parts } from './links';
import type { CallState } from './state';

const together = 3 * 60_000;

/** A line goes under the one before when the same person wrote both within minutes. */
export function follows(before: Line | undefined, line: Line): boolean {
  return before !== undefined && before.participant === line.participant && line.at - before.at < together;
}

function Words({ text }: { text: string }) {
  return (
    <>
      {parts(text).map((part, i) => (part.href
        ? <a key={i} href={part.href} target="_blank" rel="noopener noreferrer nofollow">{part.text}</a>
        : part.text))}
    </>
  );
}

function Message({ line, before }: { line: Line; before: Line | undefined }) {
  const first = !follows(before, line);
  return (
    <li class="line" data-first={first || undefined} data-state={line.state}>
      {first && <p class="line-head"><strong>{line.mine ? t('chat.you') : line.name}</strong> <time dateTime={new Date(line.at).toISOString()}>{time(line.at)}</time></p>}
      <p class="line-text"><Words text={line.text} /></p>
      {line.state === 'failed' && <p class="wrong">{t('chat.failed')}</p>}
      {line.state === 'sending' && <p class="aside">{t('chat.sending')}</p>}
    </li>
  );
}

/** Keeps the end in sight while the reader is at the end, and only then. */
function Lines({ call }: { call: CallState }) {
  const lines = call.meeting.chat.value;
  const box = useRef<HTMLDivElement>(null);
  const [behind, setBehind] = useState(false);
  const atEnd = useRef(true);
  const toEnd = () => { if (box.current) box.current.scrollTop = box.current.scrollHeight; };
  useEffect(() => {
    call.seen.value = lines.length;
    if (atEnd.current || lines[lines.length - 1]?.mine) toEnd();
    else setBehind(true);
  }, [lines.length]);
  const scrolled = () => {
    const element = box.current;
    if (!element) return;
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    if (atEnd.current) setBehind(false);
  };
  return (
    <div class="lines" ref={box} onScroll={scrolled} tabIndex={0} role="region" aria-label={t('chat.title')}>
      {lines.length === 0 && <p class="quiet lines-empty">{t('chat.empty')}</p>}
      <ol>{lines.map((line, i) => <Message key={line.id} line={line} before={lines[i - 1]} />)}</ol>
      {behind && <button type="button" class="button small lines-new" onClick={toEnd}><DownIcon size={16} />{t('chat.new')}</button>}
    </div>
  );
}

function Composer({ call }: { call: CallState }) {
  const id = useId();
  const [text, setText] = useState('');
  const over = [...text].length - MaxChat;
  const send = () => {
    if (text.trim() === '' || over > 0) return;
    call.meeting.say(text.trim());
    setText('');
  };
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form class="composer" onSubmit={(event) => { event.preventDefault(); send(); }}>
      <label class="aside" for={id}>{t('chat.field')}</label>
      <div class="composer-grow" data-text={`${text} `}>
        <textarea id={id} class="field" rows={1} value={text} placeholder={t('chat.field')} aria-invalid={over > 0} aria-describedby={`${id}-over`} onInput={(event) => setText(event.currentTarget.value)} onKeyDown={key} />
      </div>
      <button type="submit" class="round composer-send" aria-label={t('chat.send')} disabled={text.trim() === '' || over > 0}><SendIcon /></button>
      <p id={`${id}-over`} class="wrong" role="status">{over > 0 && t('chat.tooLong', { n: over })}</p>
    </form>
  );
}

/** What people write to everyone. */
export function Chat({ call }: { call: CallState }) {
  const mayWrite = may(call.meeting, 'chat');
  return <div class="chat"><Lines call={call} />{mayWrite ? <Composer call={call} /> : <p class="quiet chat-closed">{t('chat.closed')}</p>}</div>;
}
