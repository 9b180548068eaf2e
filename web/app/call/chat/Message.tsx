import { useRef } from 'preact/hooks';
import type { ChatMark, Line } from '../../../sdk';
import { list, time } from '../../format';
import { t } from '../../language';
import { may } from '../../permissions';
import { attempt } from '../actions';
import type { CallState } from '../state';
import { Attachment } from './Attachment';
import { EditForm } from './EditForm';
import { LockIcon, ReplyIcon } from './icons';
import { LineActions } from './LineActions';
import { parts } from './links';
import { jump, talkOf } from './talk';

const pressed = 500;

function Words({ text }: { text: string }) {
  return (
    <>
      {parts(text).map((part, i) => (part.href
        ? <a key={i} href={part.href} title={part.host} target="_blank" rel="noopener noreferrer nofollow">{part.text}</a>
        : part.text))}
    </>
  );
}

function Head({ line }: { line: Line }) {
  return (
    <p class="line-head">
      <strong>{line.mine ? t('chat.you') : line.name}</strong>{' '}
      {line.to && <span class="line-private"><LockIcon size={14} />{line.mine ? t('chat.toName', { name: line.toName ?? '' }) : t('chat.toYou')}</span>}{' '}
      <time dateTime={new Date(line.at).toISOString()}>{time(line.at)}</time>
    </p>
  );
}

function Quote({ call, line }: { call: CallState; line: Line }) {
  const { quote } = line;
  if (!quote) return null;
  return (
    <button type="button" class="line-quote" title={t('chat.jump', { name: quote.name })} onClick={() => jump(call, quote.line)}>
      <ReplyIcon size={14} /><strong>{quote.name}</strong><span>{quote.text || t('chat.deleted')}</span>
    </button>
  );
}

/** Reactions by kind, in the order the first of each came. */
export function grouped(marks: readonly ChatMark[]): [string, ChatMark[]][] {
  const kinds = new Map<string, ChatMark[]>();
  for (const mark of marks) kinds.set(mark.emoji, [...(kinds.get(mark.emoji) ?? []), mark]);
  return [...kinds];
}

function Marks({ call, line }: { call: CallState; line: Line }) {
  const marks = line.reactions ?? [];
  if (marks.length === 0) return null;
  const self = call.meeting.self.value?.id;
  return (
    <div class="line-marks">
      {grouped(marks).map(([emoji, by]) => {
        const own = by.some((mark) => mark.participant === self);
        const names = list(by.slice(0, 8).map((mark) => (mark.participant === self ? t('chat.markYou') : mark.name)));
        const label = t('chat.mark', { emoji, n: by.length, names });
        return (
          <button
            key={emoji} type="button" class="line-mark" aria-pressed={own} aria-label={label} title={label} disabled={!may(call.meeting, 'signal')}
            onClick={() => attempt(call, call.meeting.command('chat-react', { line: line.id, emoji, gone: own }))}
          >
            <span aria-hidden="true">{emoji}</span>{by.length}
          </button>
        );
      })}
    </div>
  );
}

function Body({ call, line }: { call: CallState; line: Line }) {
  if (line.deleted) return <p class="line-text line-deleted">{t('chat.deleted')}</p>;
  if (talkOf(call).editing.value === line.id) return <EditForm call={call} line={line} />;
  return (
    <>
      <Quote call={call} line={line} />
      {line.text && <p class="line-text"><Words text={line.text} />{line.edited ? <small class="line-edited"> ({t('chat.edited')})</small> : null}</p>}
      {line.file && <Attachment call={call} line={line} file={line.file} />}
      <Marks call={call} line={line} />
    </>
  );
}

/** A long press opens the menu where nothing can hover. */
function useLongPress(open: () => void): Record<string, (event: PointerEvent) => void> {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const stop = () => clearTimeout(timer.current);
  const start = (event: PointerEvent) => {
    if (event.pointerType === 'mouse') return;
    stop();
    timer.current = setTimeout(open, pressed);
  };
  return { onPointerDown: start, onPointerUp: stop, onPointerMove: stop, onPointerCancel: stop };
}

/** One line of chat. */
export function Message({ call, line, first }: { call: CallState; line: Line; first: boolean }) {
  const talk = talkOf(call);
  const standing = line.state === 'sent' && !line.deleted;
  const press = useLongPress(() => { if (standing) talk.open.value = line.id; });
  return (
    <li
      id={`line-${line.id}`} tabIndex={-1} class="line" data-first={first || undefined} data-state={line.state} data-private={line.to ? true : undefined}
      data-shown={talk.shown.value === line.id || undefined} data-open={talk.open.value === line.id || undefined} {...press}
    >
      {first && <Head line={line} />}
      <Body call={call} line={line} />
      {line.state === 'failed' && <p class="wrong">{t('chat.failed')} <button type="button" class="link" onClick={() => call.meeting.sayAgain(line.id)}>{t('chat.again')}</button></p>}
      {line.state === 'sending' && <p class="aside">{t('chat.sending')}</p>}
      {standing && <LineActions call={call} line={line} />}
    </li>
  );
}
