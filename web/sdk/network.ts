/** The part of the Network Information API we look at; not every browser has it. */
interface NetworkInformation extends EventTarget {
  type?: string;
}

/**
 * watchNetwork calls back when this machine may have another address, or none:
 * the browser went on- or offline, or from one kind of network to another. The
 * function it returns ends the watch.
 */
export function watchNetwork(changed: () => void): () => void {
  if (typeof window === 'undefined') return () => undefined;
  const information = (navigator as { connection?: NetworkInformation }).connection;
  let type = information?.type;
  // The event also tells of mere estimates of speed, several times a minute.
  const compare = (): void => {
    if (information?.type === type) return;
    type = information?.type;
    changed();
  };
  const events = ['online', 'offline'] as const;
  for (const event of events) window.addEventListener(event, changed);
  information?.addEventListener?.('change', compare);
  return () => {
    for (const event of events) window.removeEventListener(event, changed);
    information?.removeEventListener?.('change', compare);
  };
}

/** watchPage calls back when the page goes away for good. */
export function watchPage(gone: () => void): () => void {
  if (typeof window === 'undefined') return () => undefined;
  const hide = (event: PageTransitionEvent): void => {
    if (!event.persisted) gone();
  };
  window.addEventListener('pagehide', hide);
  return () => window.removeEventListener('pagehide', hide);
}

/** ownURL is where the page's own server takes signalling. */
export function ownURL(): string {
  if (typeof location === 'undefined') return '';
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`;
}

/** How long a page is hidden before we act as if nobody will look soon, in milliseconds: who switches tabs for a moment waits for nothing. */
export const hiddenFor = 5_000;

/** watchSight says true once the page has been hidden for a while, and false the moment it shows again. */
export function watchSight(hidden: (yes: boolean) => void): () => void {
  if (typeof document === 'undefined') return () => undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    clearTimeout(timer);
    if (document.visibilityState === 'hidden') timer = setTimeout(() => hidden(true), hiddenFor);
    else hidden(false);
  };
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
  };
}
