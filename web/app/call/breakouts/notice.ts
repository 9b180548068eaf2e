/** Tells of what happens in the breakout rooms. It comes with the first of them. */
import { effect } from '@preact/signals';
import { t } from '../../language';
import { announce } from '../../ui/announce';
import type { CallState } from '../state';
import { toast } from '../toasts';
import { roomName, whereIs } from './words';

/** Says to which room one was taken. */
function followOwn(call: CallState): () => void {
  let before = '';
  return effect(() => {
    const now = whereIs(call.meeting.participants.value.find(({ self }) => self));
    const rooms = call.meeting.topic('breakouts').peek()?.rooms ?? [];
    if (now === before) return;
    before = now;
    announce(now ? t('breakouts.opened', { room: roomName(rooms, now) }) : t('breakouts.returned'));
  });
}

/** Tells hosts who asks for help, with the way there. */
function followCalls(call: CallState): () => void {
  const told = new Set<string>();
  return effect(() => {
    const { calls = [], rooms = [] } = call.meeting.topic('breakouts').value ?? {};
    for (const one of calls) {
      const key = `${one.participant} ${one.at}`;
      if (told.has(key)) continue;
      told.add(key);
      const go = () => { void call.meeting.command('breakout-join', { room: one.room }).catch(() => undefined); };
      toast(call, t('breakouts.asksIn', { name: one.name, room: roomName(rooms, one.room) }), 'urgent', { label: t('breakouts.join'), run: go });
    }
  });
}

/** Speaks what a host tells everybody. */
function followBroadcast(call: CallState): () => void {
  return effect(() => {
    const message = call.broadcast.value;
    if (message) announce(`${t('breakouts.from', { name: message.name })}: ${message.text}`, 'urgent');
  });
}

/** Follows the breakout rooms until the call is over. */
export function followBreakouts(call: CallState): () => void {
  const stops = [followOwn(call), followCalls(call), followBroadcast(call)];
  return () => stops.forEach((stop) => stop());
}
