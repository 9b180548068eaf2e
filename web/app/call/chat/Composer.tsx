import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { MaxChat } from '../../../sdk';
import { t } from '../../language';
import { may } from '../../permissions';
import { CloseIcon, SendIcon } from '../icons';
import type { CallState } from '../state';
import { ClipIcon, LockIcon, ReplyIcon } from './icons';
import { addressee, attach, talkOf, write, type Sending } from './talk';

function Upload({ one }: { one: Sending }) {
  return (
    <li class="upload">
      <span class="upload-name">{one.name}</span>
      <progress value={one.done.value} max={1} aria-label={t('chat.uploading', { name: one.name })} />
      <button type="button" class="upload-cancel" aria-label={t('chat.cancel', { name: one.name })} onClick={one.cancel}><CloseIcon size={16} /></button>
    </li>
  );
}

function Answering({ call }: { call: CallState }) {
  const talk = talkOf(call);
  const line = talk.reply.value;
  if (!line) return null;
  return (
    <div class="composer-reply">
      <ReplyIcon size={16} />
      <p><strong>{t('chat.replying', { name: line.mine ? t('chat.markYou') : line.name })}</strong> <span>{line.text || line.file?.name}</span></p>
      <button type="button" aria-label={t('chat.noReply')} onClick={() => { talk.reply.value = null; }}><CloseIcon size={16} /></button>
    </div>
  );
}

/** To everyone, or to one person who is here. */
function Whom({ call }: { call: CallState }) {
  const id = useId();
  const whom = addressee(call);
  const others = call.meeting.participants.value.filter((person) => !person.self);
  if (!may(call.meeting, 'whisper') || (others.length === 0 && !whom)) return null;
  const choose = (to: string) => {
    const found = others.find((person) => person.id === to);
    call.whisper.value = found ? { id: found.id, name: found.name } : null;
  };
  return (
    <div class="composer-whom" data-private={whom ? true : undefined}>
      {whom && <LockIcon size={15} />}
      <label for={id}>{t('chat.to')}</label>
      <select id={id} value={whom?.to ?? ''} onChange={(event) => choose(event.currentTarget.value)}>
        {may(call.meeting, 'chat') && <option value="">{t('chat.everyone')}</option>}
        {whom?.gone && <option value={whom.to}>{t('chat.only', { name: whom.toName })}</option>}
        {others.map((person) => <option key={person.id} value={person.id}>{t('chat.only', { name: person.name })}</option>)}
      </select>
      {whom?.gone && <span class="wrong">{t('chat.gone')}</span>}
    </div>
  );
}

function AttachButton({ call }: { call: CallState }) {
  const picker = useRef<HTMLInputElement>(null);
  if (!may(call.meeting, 'attach')) return null;
  const chosen = (event: Event & { currentTarget: HTMLInputElement }) => {
    void attach(call, [...(event.currentTarget.files ?? [])]);
    event.currentTarget.value = '';
  };
  return (
    <>
      <input ref={picker} class="aside" type="file" multiple tabIndex={-1} aria-hidden="true" onChange={chosen} />
      <button type="button" class="round" aria-label={t('chat.attach')} title={t('chat.attach')} onClick={() => picker.current?.click()}><ClipIcon /></button>
    </>
  );
}

/** Files in the clipboard are sent; text goes into the field as ever. */
function pasted(call: CallState, event: ClipboardEvent): void {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length === 0 || !may(call.meeting, 'attach')) return;
  event.preventDefault();
  void attach(call, files);
}

/** Where one writes. */
export function Composer({ call }: { call: CallState }) {
  const id = useId();
  const talk = talkOf(call);
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState('');
  const over = [...text].length - MaxChat;
  const whom = addressee(call);
  const reply = talk.reply.value;
  useEffect(() => { field.current?.focus({ preventScroll: true }); }, [reply, whom?.to]);
  const send = () => {
    if (text.trim() === '' || over > 0 || whom?.gone) return;
    write(call, text.trim());
    setText('');
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && reply) {
      event.stopPropagation();
      talk.reply.value = null;
    }
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  const label = whom ? t('chat.fieldTo', { name: whom.toName }) : t('chat.field');
  return (
    <form class="composer" data-private={whom ? true : undefined} onSubmit={(event) => { event.preventDefault(); send(); }}>
      {talk.sending.value.length > 0 && <ul class="uploads">{talk.sending.value.map((one) => <Upload key={one.id} one={one} />)}</ul>}
      <Answering call={call} />
      <Whom call={call} />
      <label class="aside" for={id}>{label}</label>
      <div class="composer-row">
        <AttachButton call={call} />
        <div class="composer-grow" data-text={`${text} `}>
          <textarea ref={field} id={id} class="field" rows={1} value={text} placeholder={label} aria-invalid={over > 0} aria-describedby={`${id}-over`} onInput={(event) => setText(event.currentTarget.value)} onKeyDown={key} onPaste={(event) => pasted(call, event)} />
        </div>
        <button type="submit" class="round composer-send" aria-label={t('chat.send')} disabled={text.trim() === '' || over > 0 || whom?.gone}><SendIcon /></button>
      </div>
      <p id={`${id}-over`} class="wrong" role="status">{over > 0 && t('chat.tooLong', { n: over })}</p>
    </form>
  );
}
