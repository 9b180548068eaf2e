/** The words of the breakout rooms, and what is known of them in words. */
import { useEffect, useState } from 'preact/hooks';
import { breakouts } from '../../../locales/breakouts';
import { addTexts } from '../../../locales/text';
import type { Participant } from '../../../sdk';
import type { Breakout, Breakouts } from '../../../sdk/protocol';
import { t } from '../../language';
import type { CallState } from '../state';

addTexts(breakouts);

/** Messages of the breakout rooms may say less than their type. */
export const none: Breakouts = { rooms: [], open: false };

/** The name of a room; the main one has the empty id. */
export function roomName(rooms: readonly Breakout[], id: string): string {
  return rooms.find((room) => room.id === id)?.name ?? t('breakouts.main');
}

/** Where somebody is; empty is the main room. */
export function whereIs(person: Participant | undefined): string {
  return person?.group ?? '';
}

/** Minutes and seconds, as on a clock. */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** The whole seconds until the rooms close, counted down; null while nobody has said. */
export function useLeft(call: CallState): number | null {
  const closes = call.closes.value;
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    if (closes === null) return undefined;
    setNow(performance.now());
    const timer = setInterval(() => setNow(performance.now()), 250);
    return () => clearInterval(timer);
  }, [closes]);
  return closes === null ? null : Math.max(0, Math.ceil((closes - now) / 1000));
}
