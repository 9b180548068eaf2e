import { useEffect, useRef, useState } from 'preact/hooks';
import type { Line } from '../../../sdk';
import { t, type PlainKey } from '../../language';
import { may } from '../../permissions';
import { announce } from '../../ui/announce';
import { attempt } from '../actions';
import { reactions } from '../emoji';
import { CopyIcon, MoreIcon, PencilIcon } from '../icons';
import type { CallState } from '../state';
import { ReplyIcon, TrashIcon } from './icons';
import { answer, talkOf } from './talk';

/** How long one may change what one wrote, in milliseconds; the server says the same. */
const editable = 24 * 60 * 60_000;

function Reactions({ call, line, close }: { call: CallState; line: Line; close: () => void }) {
  const self = call.meeting.self.value?.id;
  const mine = (emoji: string) => (line.reactions ?? []).some((mark) => mark.emoji === emoji && mark.participant === self);
  const set = (emoji: string) => {
    attempt(call, call.meeting.command('chat-react', { line: line.id, emoji, gone: mine(emoji) }));
    close();
  };
  return (
    <div class="line-reactions">
      {reactions.map(({ emoji, name }) => (
        <button key={emoji} type="button" aria-pressed={mine(emoji)} aria-label={t(name)} title={t(name)} onClick={() => set(emoji)}>{emoji}</button>
      ))}
    </div>
  );
}

interface Choice { readonly name: PlainKey; readonly Icon: typeof CopyIcon; readonly act: () => void; readonly danger?: boolean }

function choicesFor(call: CallState, line: Line, close: () => void): Choice[] {
  const talk = talkOf(call);
  const { meeting } = call;
  const writes = may(meeting, line.to ? 'whisper' : 'chat');
  const copied = () => void navigator.clipboard.writeText(line.text).then(() => announce(t('chat.copied')), () => undefined);
  const list: Choice[] = [];
  if (writes) list.push({ name: 'chat.reply', Icon: ReplyIcon, act: () => answer(call, line) });
  if (line.mine && writes && Date.now() - line.at < editable) list.push({ name: 'chat.edit', Icon: PencilIcon, act: () => { talk.editing.value = line.id; } });
  if (line.text) list.push({ name: 'chat.copy', Icon: CopyIcon, act: copied });
  return list.map((choice) => ({ ...choice, act: () => { choice.act(); close(); } }));
}

/** Deleting asks once, in place. */
function Delete({ call, line, close }: { call: CallState; line: Line; close: () => void }) {
  const [asked, setAsked] = useState(false);
  if (!line.mine && !may(call.meeting, 'moderate')) return null;
  const act = () => {
    if (!asked) return setAsked(true);
    attempt(call, call.meeting.command('chat-delete', { line: line.id }));
    close();
  };
  return <button type="button" class="line-choice line-delete" data-sure={asked || undefined} onClick={act}><TrashIcon size={18} />{asked ? t('chat.sure') : t('chat.delete')}</button>;
}

const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

function LineMenu({ call, line, close }: { call: CallState; line: Line; close: (back?: boolean) => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    // It opens upwards where there is no room below.
    const room = element.closest('.lines')?.getBoundingClientRect();
    if (room && element.getBoundingClientRect().bottom > room.bottom) element.dataset['up'] = '';
    element.querySelector('button')?.focus({ preventScroll: true });
    const elsewhere = (event: PointerEvent) => { if (!element.parentElement?.contains(event.target as Node)) close(); };
    document.addEventListener('pointerdown', elsewhere, true);
    return () => document.removeEventListener('pointerdown', elsewhere, true);
  }, []);
  const key = (event: KeyboardEvent) => {
    const step = steps[event.key];
    if (event.key === 'Escape') {
      event.stopPropagation();
      close(true);
    } else if (step && box.current) {
      event.preventDefault();
      const all = [...box.current.querySelectorAll('button')];
      all[(all.indexOf(document.activeElement as HTMLButtonElement) + step + all.length) % all.length]?.focus();
    }
  };
  return (
    <div ref={box} class="line-menu" role="group" aria-label={t('chat.actions', { name: line.mine ? t('chat.you') : line.name })} onKeyDown={key}>
      {may(call.meeting, 'signal') && <Reactions call={call} line={line} close={() => close()} />}
      {choicesFor(call, line, close).map(({ name, Icon, act }) => <button key={name} type="button" class="line-choice" onClick={act}><Icon size={18} />{t(name)}</button>)}
      <Delete call={call} line={line} close={close} />
    </div>
  );
}

/** What can be done with a line: shown on hover and focus, and after a long press. */
export function LineActions({ call, line }: { call: CallState; line: Line }) {
  const talk = talkOf(call);
  const opener = useRef<HTMLButtonElement>(null);
  const open = talk.open.value === line.id;
  const close = (back = false) => {
    if (talk.open.peek() === line.id) talk.open.value = '';
    if (back) opener.current?.focus();
  };
  const writes = may(call.meeting, line.to ? 'whisper' : 'chat');
  const name = line.mine ? t('chat.you') : line.name;
  return (
    <div class="line-actions">
      {writes && <button type="button" aria-label={t('chat.replied', { name })} title={t('chat.reply')} onClick={() => answer(call, line)}><ReplyIcon size={18} /></button>}
      <button ref={opener} type="button" aria-label={t('chat.actions', { name })} title={t('chat.more')} aria-expanded={open} onClick={() => { talk.open.value = open ? '' : line.id; }}><MoreIcon size={18} /></button>
      {open && <LineMenu call={call} line={line} close={() => close()} />}
    </div>
  );
}
