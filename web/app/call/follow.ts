/** Turns what happens in the meeting into order, notices and sounds. */
import { effect } from '@preact/signals';
import type { Participant } from '../../sdk';
import { t } from '../language';
import { preferences } from '../preferences';
import { announce } from '../ui/announce';
import { toggleMicrophone } from './actions';
import { chime } from './chime';
import { tellAsked, tellRole } from './host/lazy';
import { hear, hold, keepOrder } from './order';
import type { CallState } from './state';
import { retell, shownFor, toast } from './toasts';

type Stop = () => void;

/** Keeps everybody's place, and lets who speaks off the page come to it. */
function followOrder(call: CallState): Stop {
  let later: ReturnType<typeof setTimeout> | undefined;
  const others = () => call.near.value.filter((person) => !person.self).map((person) => person.id);
  const listen = () => {
    const { dominant } = call.meeting.speakers.peek();
    call.order.value = hear(call.order.peek(), dominant, call.pageSize.peek(), Date.now());
  };
  const stopPeople = effect(() => { call.order.value = keepOrder(call.order.peek(), others()); });
  const stopSpeakers = effect(() => {
    void call.meeting.speakers.value.dominant;
    listen();
    clearTimeout(later);
    later = setTimeout(listen, hold + 50);
  });
  return () => {
    clearTimeout(later);
    stopPeople();
    stopSpeakers();
  };
}

interface Crowd { toast: number; names: string[]; until: number }
const nobody: Crowd = { toast: 0, names: [], until: 0 };

/** "Ana joined" grows into "Ana and 4 others joined" instead of five notices. */
function crowd(call: CallState, words: (first: string, others: number) => string): (name: string) => void {
  let now = nobody;
  return (name) => {
    const time = Date.now();
    const names = time < now.until ? [...now.names, name] : [name];
    const text = words(names[0] ?? '', names.length - 1);
    const grown = names.length > 1 && retell(call, now.toast, text);
    now = { toast: grown ? now.toast : toast(call, text), names, until: time + shownFor };
  };
}

function joinedWords(name: string, n: number): string {
  return n === 0 ? t('toast.joined', { name }) : t('toast.joinedMore', { name, n });
}

function leftWords(name: string, n: number): string {
  return n === 0 ? t('toast.left', { name }) : t('toast.leftMore', { name, n });
}

/** Comings, goings, hands and screens of others; never one's own doing. */
function followPeople(call: CallState): Stop {
  const came = crowd(call, joinedWords);
  const went = crowd(call, leftWords);
  let known: ReadonlyMap<string, Participant> | null = null;
  return effect(() => {
    const now = new Map(call.meeting.participants.value.filter((person) => !person.self).map((person) => [person.id, person]));
    if (call.meeting.phase.peek() !== 'joined') return;
    const before = known;
    known = now;
    if (!before) return;
    for (const person of now.values()) {
      const was = before.get(person.id);
      if (!was) came(person.name);
      if (!was && preferences.sounds.peek()) chime('join');
      if (was && person.hand && !was.hand) toast(call, t('toast.hand', { name: person.name }));
      if (person.media.screen && !was?.media.screen) announce(t('toast.shares', { name: person.name }));
    }
    for (const person of before.values()) if (!now.has(person.id)) went(person.name);
  });
}

/** New lines are spoken while the chat is closed; knocks ring. */
function followChat(call: CallState): Stop {
  let known = call.meeting.chat.peek().length;
  let waiting = 0;
  const stopChat = effect(() => {
    const lines = call.meeting.chat.value;
    const last = lines[lines.length - 1];
    if (lines.length > known && last && !last.mine) announce(t('chat.from', { name: last.name, text: last.text || (last.file?.name ?? '') }));
    known = lines.length;
  });
  const stopKnocks = effect(() => {
    const now = call.meeting.knocks.value.length;
    if (now > waiting && preferences.sounds.peek()) chime('knock');
    waiting = now;
  });
  return () => {
    stopChat();
    stopKnocks();
  };
}

/** What hosts did to us, and who has another role now. */
function followHosts(call: CallState): Stop {
  let known: ReadonlyMap<string, Participant> | null = null;
  const stopRoles = effect(() => {
    const now = new Map(call.meeting.participants.value.map((person) => [person.id, person]));
    const before = known;
    known = now;
    if (call.meeting.phase.peek() !== 'joined' || !before) return;
    for (const person of now.values()) {
      const was = before.get(person.id);
      if (was && (was.role !== person.role || was.acting !== person.acting)) tellRole(call, person, was);
    }
  });
  const stopAsked = call.meeting.onMessage((message) => {
    if (message.type === 'asked') tellAsked(call, message.data);
  });
  return () => {
    stopRoles();
    stopAsked();
  };
}

const loud = 0.2;
const longEnough = 700;
const hintEvery = 30_000;

/** Tells who talks into a muted microphone, once in thirty seconds. */
function followVoice(call: CallState, now: () => number = Date.now): Stop {
  let since = 0;
  let told = -Infinity;
  return effect(() => {
    const { local } = call.meeting;
    const talking = local.level.value > loud && !local.microphone.value.on && call.meeting.phase.peek() === 'joined';
    const time = now();
    since = talking ? since || time : 0;
    if (!talking || time - since < longEnough || time - told < hintEvery) return;
    told = time;
    toast(call, t('stage.mutedTalking'), 'polite', { label: t('bar.unmute'), run: () => toggleMicrophone(call) });
  });
}

/** Says when one is back after a lost connection. */
function followConnection(call: CallState): Stop {
  let lost = false;
  return effect(() => {
    const phase = call.meeting.phase.value;
    if (phase === 'joined' && lost) announce(t('stage.reconnected'));
    lost = phase === 'reconnecting' || (lost && phase !== 'joined');
  });
}

/** Polls are told of by a file of their own, which the first of them brings. */
function followPolls(call: CallState): Stop {
  let stop: Stop | null = null;
  let over = false;
  let asked = false;
  const wait = effect(() => {
    if (asked || !call.meeting.topic('polls').value) return;
    asked = true;
    void import('./polls/notice').then((notice) => { if (!over) stop = notice.followPolls(call); }, () => undefined);
  });
  return () => {
    over = true;
    wait();
    stop?.();
  };
}

/** Breakout rooms: when they close, what hosts say to all; the rest comes in a file of its own with the first of them. */
function followBreakouts(call: CallState): Stop {
  let stop: Stop | null = null;
  let over = false;
  let asked = false;
  const follow = effect(() => {
    const about = call.meeting.topic('breakouts').value;
    call.closes.value = about?.left ? performance.now() + about.left : null;
    if (asked || !about?.open) return;
    asked = true;
    void import('./breakouts/notice').then((notice) => { if (!over) stop = notice.followBreakouts(call); }, () => undefined);
  });
  const hear = call.meeting.onMessage((message) => {
    if (message.type === 'breakout-notice') call.broadcast.value = message.data;
  });
  return () => {
    over = true;
    follow();
    hear();
    stop?.();
  };
}

/** Follows all of it until the call is over. */
export function follow(call: CallState): Stop {
  const stops = [followOrder(call), followPeople(call), followChat(call), followVoice(call), followConnection(call), followHosts(call), followPolls(call), followBreakouts(call)];
  return () => stops.forEach((stop) => stop());
}
