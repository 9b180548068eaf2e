import { useEffect, useState } from 'preact/hooks';
import { CloseIcon } from './icons';
import { t } from '../language';
import type { CallState, Toast } from './state';
import { dismiss, shownFor } from './toasts';

function Notice({ call, toast }: { call: CallState; toast: Toast }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return undefined;
    const done = setTimeout(() => dismiss(call, toast.id), shownFor);
    return () => clearTimeout(done);
  }, [held, toast.text]);
  const run = () => {
    toast.action?.run();
    dismiss(call, toast.id);
  };
  return (
    <div class="toast dark" onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)} onFocusIn={() => setHeld(true)} onFocusOut={() => setHeld(false)}>
      <p>{toast.text}</p>
      {toast.action && <button type="button" class="button small primary" onClick={run}>{toast.action.label}</button>}
      <button type="button" class="round" aria-label={t('app.close')} onClick={() => dismiss(call, toast.id)}><CloseIcon size={18} /></button>
    </div>
  );
}

/** Short notices at the lower start of the stage; they are spoken by the live regions. */
export function Toasts({ call }: { call: CallState }) {
  return (
    <div class="toasts" role="region" aria-label={t('toast.label')}>
      {call.toasts.value.map((toast) => <Notice key={toast.id} call={call} toast={toast} />)}
    </div>
  );
}
