import { useEffect, useState } from 'preact/hooks';
import { t } from '../language';
import { announce } from '../ui/announce';
import type { CallState } from './state';

const most = 12;
const lasts = 3500;
const spokenEvery = 2000;

interface Floating { readonly id: number; readonly emoji: string; readonly name: string; readonly lane: number }

/** Reactions rise at the start of the stage, with who sent them, and are gone. */
export function Reactions({ call }: { call: CallState }) {
  const [shown, setShown] = useState<readonly Floating[]>([]);
  useEffect(() => {
    let count = 0;
    let spoken = -Infinity;
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const stop = call.meeting.onReaction((participant, emoji) => {
      const name = call.meeting.participants.peek().find((person) => person.id === participant)?.name ?? '';
      count += 1;
      const one = { id: count, emoji, name, lane: count % 4 };
      setShown((before) => [...before, one].slice(-most));
      if (performance.now() - spoken > spokenEvery) {
        spoken = performance.now();
        announce(t('stage.reacted', { name, emoji }));
      }
      const gone = setTimeout(() => {
        timers.delete(gone);
        setShown((before) => before.filter((other) => other.id !== one.id));
      }, lasts);
      timers.add(gone);
    });
    return () => {
      stop();
      timers.forEach((timer) => clearTimeout(timer));
    };
  }, []);
  return (
    <div class="reactions" aria-hidden="true">
      {shown.map((one) => <div key={one.id} class={`reaction lane-${one.lane}`}><span class="reaction-emoji">{one.emoji}</span><span class="reaction-name">{one.name}</span></div>)}
    </div>
  );
}
