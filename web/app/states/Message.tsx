import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Mark } from '../icons';
import { t } from '../language';

interface Props { title: string; hint?: string; room?: string; children?: ComponentChildren }

/** A whole page that says one thing and what to do about it. */
export function Message({ title, hint, room, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = t('app.title', { room: title });
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <div class="message">
      <header class="home-head"><Mark size={32} /><span>{t('app.name')}</span></header>
      <main>
        {room && <p class="message-room">{room}</p>}
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {hint && <p>{hint}</p>}
        {children}
      </main>
    </div>
  );
}
