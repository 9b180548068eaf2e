/** What the form asks for, in the words of the API. */
import { ownerToken } from '../../ownership';
import { createRoom } from '../create';
import type { PlainKey } from '../../language';

export const repeats = ['never', 'daily', 'weekdays', 'weekly', 'fortnightly', 'monthly'] as const;
export type Repeat = (typeof repeats)[number];

export interface Plan {
  title: string;
  /** "2026-03-02", "09:00": what the clock shows in zone. */
  day: string;
  time: string;
  minutes: number;
  zone: string;
  repeat: Repeat;
  /** The last day, or empty. */
  until: string;
  lobby: boolean;
  /** One address per line. */
  invitees: string;
}

export interface Planned { room: string; url: string; calendar: string; title: string }
export type Outcome = { planned: Planned } | { problem: PlainKey } | { refused: string };

const days = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];

/** The weekday of a day, 0 for Sunday; days are no instants and have no zone. */
function weekday(day: string): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay();
}

/** The choices that fit a day: working days begin on one. */
export function choices(day: string): Repeat[] {
  const working = day !== '' && weekday(day) >= 1 && weekday(day) <= 5;
  return repeats.filter((repeat) => working || repeat !== 'weekdays');
}

/** The RRULE of a choice (RFC 5545 section 3.3.10). A month's fifth weekday is its last. */
export function rule({ repeat, day, until }: Pick<Plan, 'repeat' | 'day' | 'until'>): string {
  if (repeat === 'never') return '';
  const date = Number(day.slice(8));
  const on = days[weekday(day)]!;
  const nth = Math.ceil(date / 7);
  const rules: Record<Exclude<Repeat, 'never'>, string> = {
    daily: 'FREQ=DAILY',
    weekdays: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
    weekly: `FREQ=WEEKLY;BYDAY=${on}`,
    fortnightly: `FREQ=WEEKLY;INTERVAL=2;BYDAY=${on}`,
    monthly: `FREQ=MONTHLY;BYDAY=${nth === 5 ? -1 : nth}${on}`,
  };
  return rules[repeat] + (until ? `;UNTIL=${until.replaceAll('-', '')}` : '');
}

/** The addresses of a field, whatever stands between them. */
export function addresses(text: string): { email: string }[] {
  return text.split(/[\s,;]+/).filter(Boolean).map((email) => ({ email }));
}

/** What must be mended before anything is sent. */
export function missing({ title, day, time }: Plan): PlainKey | null {
  if (!title.trim()) return 'schedule.titleNeeded';
  return day && time ? null : 'schedule.timeNeeded';
}

/** Whether this server sends invitations for who owns a room. */
export async function mails(): Promise<boolean> {
  try {
    const answer = await fetch('/api/v1/config', { signal: AbortSignal.timeout(10_000) });
    const { mails: told } = (await answer.json()) as { mails?: unknown };
    return told === true;
  } catch {
    return false;
  }
}

/** Makes a room of one's own and the appointment in it. */
export async function schedule(plan: Plan, language: string): Promise<Outcome> {
  const made = await createRoom();
  if ('problem' in made) return made;
  const body = {
    title: plan.title.trim(), start: `${plan.day}T${plan.time}`, timeZone: plan.zone, durationMinutes: plan.minutes,
    recurrence: rule(plan), lobby: plan.lobby, language, invitees: addresses(plan.invitees),
  };
  try {
    const answer = await fetch(`/api/v1/rooms/${encodeURIComponent(made.room)}/appointments`, {
      method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(10_000),
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${ownerToken(made.room) ?? ''}` },
    });
    const told = (await answer.json()) as Partial<Planned> & { detail?: string; title?: string };
    if (!answer.ok) return { refused: told.detail ?? told.title ?? String(answer.status) };
    if (!told.url || !told.calendar) return { problem: 'schedule.failed' };
    return { planned: { room: made.room, url: told.url, calendar: told.calendar, title: plan.title.trim() } };
  } catch {
    return { problem: 'schedule.failed' };
  }
}
