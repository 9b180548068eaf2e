import { useEffect, useMemo } from 'preact/hooks';
import { inCall } from '../../locales/call';
import { addTexts } from '../../locales/text';
import { t } from '../language';
import { rememberRoom } from '../memory';
import { roomTitle } from '../route';
import type { Session } from '../session';
import { Bar } from './Bar';
import { Dialogs } from './Dialogs';
import { follow } from './follow';
import { Notices } from './Notices';
import { Panel } from './Panel';
import { Reactions } from './Reactions';
import { Sound } from './Sound';
import { Stage } from './Stage';
import { CallState } from './state';
import { Toasts } from './Toasts';
import { useIdle } from './useIdle';
import { useShortcuts } from './useShortcuts';
import '../styles/in-call.css';

addTexts(inCall);

/** Keeps the screen of a phone awake during the call, where the browser can. */
function useAwake(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    const hold = () => {
      if (document.visibilityState !== 'visible') return;
      void navigator.wakeLock?.request('screen').then((held) => { lock = held; }).catch(() => undefined);
    };
    hold();
    document.addEventListener('visibilitychange', hold);
    return () => {
      document.removeEventListener('visibilitychange', hold);
      void lock?.release();
    };
  }, []);
}

/** The meeting itself. */
export function Call({ meeting, start }: { meeting: Session; start?: (call: CallState) => void }) {
  const call = useMemo(() => new CallState(meeting), [meeting]);
  const title = meeting.about.value.title || roomTitle(meeting.options.room);
  useEffect(() => { document.title = t('app.title', { room: title }); });
  useEffect(() => {
    rememberRoom(meeting.options.room);
    start?.(call);
    return follow(call);
  }, [call]);
  useShortcuts(call);
  useAwake();
  const idle = useIdle(call);
  return (
    <div class="call" data-idle={idle || undefined} data-panel={call.panel.value ?? undefined}>
      <main class="call-main dark">
        <h1 class="aside">{title}</h1>
        <Notices call={call} />
        <div class="call-stage">
          <Stage call={call} />
          <Reactions call={call} />
          <Toasts call={call} />
        </div>
        <Bar call={call} />
      </main>
      <Panel call={call} />
      <Sound call={call} />
      <Dialogs call={call} />
    </div>
  );
}
