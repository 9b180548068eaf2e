import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Failure } from '../../sdk';
import { t } from '../language';
import { roomTitle } from '../route';
import { Message } from './Message';

interface Props { room: string; failure: Failure; onPassword: (password: string) => void; onHome: () => void }

/** What there is to say of the password that was tried. */
function said({ code }: Failure): string {
  if (code === 'rate-limited') return t('fail.tooMany');
  return code === 'password-wrong' ? t('fail.passwordWrong') : '';
}

/** The room asks for its password. */
export function Password({ room, failure, onPassword, onHome }: Props) {
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [problem, setProblem] = useState(said(failure));
  useEffect(() => field.current?.focus(), []);
  const submit = (event: Event) => {
    event.preventDefault();
    if (text) onPassword(text);
    else setProblem(t('fail.passwordMissing'));
  };
  return (
    <Message title={t('fail.password')} hint={t('fail.passwordHint')} room={roomTitle(room)}>
      <form class="message-form" onSubmit={submit} noValidate>
        <label class="label" for={id}>{t('fail.passwordField')}</label>
        <input
          ref={field} id={id} class="field" type="password" autoComplete="off" maxLength={256} value={text}
          aria-invalid={problem !== ''} aria-describedby={`${id}-problem`}
          onInput={(event) => { setText(event.currentTarget.value); setProblem(''); }}
        />
        <p id={`${id}-problem`} class="wrong" role="alert">{problem}</p>
        <div class="message-actions">
          <button type="submit" class="button primary">{t('fail.passwordEnter')}</button>
          <button type="button" class="button" onClick={onHome}>{t('app.home')}</button>
        </div>
      </form>
    </Message>
  );
}
