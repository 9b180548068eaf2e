import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { MaxChat, type Line } from '../../../sdk';
import { t } from '../../language';
import { attempt } from '../actions';
import type { CallState } from '../state';
import { talkOf } from './talk';

/** Changes a line in its place; Escape leaves it as it was. */
export function EditForm({ call, line }: { call: CallState; line: Line }) {
  const id = useId();
  const talk = talkOf(call);
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(line.text);
  const over = [...text].length - MaxChat;
  const wrong = over > 0 || (text.trim() === '' && !line.file);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
  }, []);
  const done = () => {
    talk.editing.value = '';
    document.getElementById(`line-${line.id}`)?.focus({ preventScroll: true });
  };
  const save = () => {
    if (wrong) return;
    if (text.trim() !== line.text) attempt(call, call.meeting.command('chat-edit', { line: line.id, text: text.trim() }));
    done();
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      done();
    } else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      save();
    }
  };
  return (
    <form class="line-edit" onSubmit={(event) => { event.preventDefault(); save(); }}>
      <label class="aside" for={id}>{t('chat.editing')}</label>
      <div class="composer-grow" data-text={`${text} `}>
        <textarea ref={field} id={id} class="field" rows={1} value={text} aria-invalid={wrong} onInput={(event) => setText(event.currentTarget.value)} onKeyDown={key} />
      </div>
      <div class="line-edit-buttons">
        <button type="button" class="button small" onClick={done}>{t('app.cancel')}</button>
        <button type="submit" class="button small primary" disabled={wrong}>{t('chat.save')}</button>
      </div>
      {over > 0 && <p class="wrong" role="status">{t('chat.tooLong', { n: over })}</p>}
    </form>
  );
}
