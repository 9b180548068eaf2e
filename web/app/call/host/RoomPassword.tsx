import { useId, useState } from 'preact/hooks';
import { t } from '../../language';
import { attempt } from '../actions';
import type { CallState } from '../state';

/** What newcomers must know who have no link of their own. Nobody is shown the one there is. */
export function RoomPassword({ call }: { call: CallState }) {
  const id = useId();
  const [text, setText] = useState('');
  const set = call.meeting.about.value.password;
  const change = (password: string) => {
    attempt(call, call.meeting.command('configure', { password }));
    setText('');
  };
  const save = (event: Event) => {
    event.preventDefault();
    if (text) change(text);
  };
  return (
    <form class="room-title" onSubmit={save}>
      <label class="label" for={id}>{t(set ? 'room.passwordNew' : 'room.password')}</label>
      <input id={id} class="field" type="text" maxLength={256} autoComplete="off" spellcheck={false} value={text} aria-describedby={`${id}-hint`} onInput={(event) => setText(event.currentTarget.value)} />
      <button type="submit" class="button" disabled={!text}>{t('room.save')}</button>
      <p id={`${id}-hint`} class="hint">{t(set ? 'room.passwordSet' : 'room.passwordHint')}</p>
      {set && <button type="button" class="text-button" onClick={() => change('')}>{t('room.passwordOff')}</button>}
    </form>
  );
}
