import { useEffect, useRef } from 'preact/hooks';
import { CloseIcon } from './icons';
import { t } from '../language';
import { panels } from './panels';
import type { CallState } from './state';

/** The one panel at the right; which there are is in ./panels. Escape closes it. */
export function Panel({ call }: { call: CallState }) {
  const name = call.panel.value;
  const box = useRef<HTMLElement>(null);
  const opener = useRef<HTMLElement | null>(null);
  useEffect(() => {
    if (!name) return undefined;
    opener.current = document.activeElement as HTMLElement | null;
    const field = box.current?.querySelector<HTMLElement>('textarea') ?? box.current?.querySelector<HTMLElement>('.panel-close');
    field?.focus({ preventScroll: true });
    return () => { if (!document.activeElement || document.activeElement === document.body) opener.current?.focus(); };
  }, [name]);
  if (!name) return null;
  const close = () => {
    call.panel.value = null;
    opener.current?.focus();
  };
  const { Part, title: key } = panels[name];
  const title = t(key);
  const count = call.meeting.participants.value.length;
  return (
    <aside class="panel" id="panel" ref={box} aria-label={title} onKeyDown={(event) => { if (event.key === 'Escape') close(); }}>
      <div class="panel-head">
        <h2>{title}</h2>
        {name === 'people' && <span class="quiet">{t('people.count', { n: count })}</span>}
        <button type="button" class="round panel-close" aria-label={t('app.close')} onClick={close}><CloseIcon /></button>
      </div>
      <Part call={call} />
    </aside>
  );
}
