import type { Breakouts } from '../../sdk/protocol';
import type { FakeMeeting } from './fake';

/** Breakout rooms as a host or a guest knows them: ?breakouts=planned, open, closing or choice. */
export function breakApart(meeting: FakeMeeting, how: string, host: boolean): void {
  const rooms = [{ id: '1', name: 'Harvest' }, { id: '2', name: 'Press and bottles' }, { id: '3', name: 'Market' }];
  const people = meeting.participants.value;
  const home = (i: number) => (i === 0 ? (host ? '' : '1') : String((i % 3) + 1));
  const about: Breakouts = {
    rooms, way: how === 'choice' ? 'choice' : 'random', return: true, open: how !== 'planned',
    ...(how === 'planned' ? {} : { left: how === 'closing' ? 25_400 : 272_000, closing: how === 'closing' }),
    ...(host
      ? { assigned: Object.fromEntries(people.map(({ id }, i) => [id, home(i)]).filter(([, room]) => room)), calls: how === 'open' ? [{ participant: 'p2', name: people[2]?.name ?? '', room: '3', at: 1 }] : [] }
      : { own: '1' }),
  };
  if (!host) meeting.about.value = { ...meeting.about.value, may: meeting.about.value.may.filter((action) => action !== 'break') };
  meeting.topic('breakouts').value = about;
  if (about.open) meeting.participants.value = people.map((one, i) => ({ ...one, group: how === 'choice' && i === 0 ? '' : home(i) }));
}
