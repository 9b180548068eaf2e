import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { CloseIcon } from '../call/icons';
import { t } from '../language';

interface Props { title: string; onClose: () => void; children: ComponentChildren; dark?: boolean }

/** A modal dialog: the browser traps the focus, gives it back and closes on Escape. */
export function Dialog({ title, onClose, children, dark = false }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={box}
      class={`dialog${dark ? ' dark' : ''}`}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => { if (event.target === box.current) onClose(); }}
    >
      <div class="dialog-head">
        <h2 id={heading}>{title}</h2>
        <button type="button" class="round" aria-label={t('app.close')} onClick={onClose}><CloseIcon /></button>
      </div>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}
