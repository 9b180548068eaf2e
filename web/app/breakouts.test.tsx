// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Breakouts } from '../sdk/protocol';
import './call/breakouts/notice';
import { Breakouts as Panel } from './call/breakouts/Breakouts';
import { Strip } from './call/breakouts/Strip';
import { Call } from './call/Call';
import { CallState } from './call/state';
import { speak } from './language';
import { FakeMeeting, person } from './testing/fake';

let root: HTMLElement;
let meeting: FakeMeeting;
let call: CallState;
vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1400);
vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(800);

const rooms = [{ id: '1', name: 'Red' }, { id: '2', name: 'Blue' }];

beforeEach(() => {
  localStorage.clear();
  root = document.body.appendChild(document.createElement('div'));
  meeting = new FakeMeeting();
  meeting.participants.value = [person('p0', 'Me', { self: true }), person('p1', 'Ana'), person('p2', 'Bo')];
  call = new CallState(meeting.session);
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
  speak('en');
});

function tell(about: Partial<Breakouts>): void {
  act(() => { meeting.topic('breakouts').value = { rooms, way: 'hand', open: false, ...about }; });
}

function seat(...groups: string[]): void {
  act(() => { meeting.participants.value = meeting.participants.value.map((one, i) => ({ ...one, group: groups[i] ?? '' })); });
}

function guest(): void {
  meeting.about.value = { ...meeting.about.value, may: ['publish', 'chat', 'signal'] };
}

function show(part: preact.ComponentChild): void {
  act(() => render(part, root));
}

function button(name: string): HTMLButtonElement {
  const found = [...root.querySelectorAll('button')].find((one) => (one.getAttribute('aria-label') ?? one.textContent?.trim()) === name);
  if (!found) throw new Error(`no button ${name} in ${root.textContent}`);
  return found;
}

function press(name: string): void {
  act(() => button(name).click());
}

function choose(label: string, value: string): void {
  const field = [...root.querySelectorAll('select')].find((one) => one.getAttribute('aria-label') === label);
  if (!field) throw new Error(`no menu ${label}`);
  act(() => {
    field.value = value;
    field.dispatchEvent(new Event('change', { bubbles: true }));
  });
}

describe('the panel of a host', () => {
  it('makes rooms with names of the language', () => {
    speak('fr');
    show(<Panel call={call} />);
    press('Une salle de plus');
    press('Créer les salles');
    const names = [1, 2, 3].map((n) => ({ name: `Salle ${n}` }));
    expect(meeting.told).toContainEqual(['breakout-plan', { rooms: names, way: 'random', return: true, length: 0 }]);
  });

  it('says who belongs where by menus, and opens the rooms', () => {
    tell({ assigned: { p1: '1', 'late@example': '2' } });
    show(<Panel call={call} />);
    expect(root.querySelector('[aria-label="Blue"]')?.textContent).toContain('late@example (not here yet)');
    choose('Room of Bo', '2');
    choose('Room of Ana', '');
    press('Open the rooms');
    expect(meeting.told).toEqual([
      ['breakout-assign', { people: ['p2'], room: '2' }], ['breakout-assign', { people: ['p1'], room: '' }], ['breakout-open', undefined],
    ]);
  });

  it('keeps the others when one room is renamed, taken away or added', () => {
    tell({ way: 'choice' });
    show(<Panel call={call} />);
    const field = root.querySelector<HTMLInputElement>('[aria-label="Name of room 2"]')!;
    act(() => {
      field.value = 'Green';
      field.dispatchEvent(new Event('change', { bubbles: true }));
    });
    press('Remove Red');
    press('Add a room');
    const sent = meeting.told.map(([, plan]) => (plan as { rooms: unknown }).rooms);
    expect(sent).toEqual([[rooms[0], { id: '2', name: 'Green' }], [rooms[1]], [...rooms, { name: 'Room 3' }]]);
  });

  it('shows who is where, visits, answers, tells everybody and closes', async () => {
    tell({ open: true, left: 90_000, calls: [{ participant: 'p1', name: 'Ana', room: '1', at: 1 }] });
    seat('', '1', '2');
    show(<Panel call={call} />);
    expect(root.querySelector('[aria-label="Red"]')?.textContent).toContain('Ana asks for help');
    press('Visit Red');
    press('Ana no longer needs help');
    choose('Room of Bo', '1');
    press('5 more minutes');
    press('Close in 30 s');
    const field = root.querySelector<HTMLInputElement>('.breakout-broadcast input')!;
    act(() => {
      field.value = 'Hurry';
      field.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await act(async () => button('Send').click());
    expect(meeting.told).toEqual([
      ['breakout-join', { room: '1' }], ['breakout-answer', { participant: 'p1' }], ['breakout-assign', { people: ['p2'], room: '1' }],
      ['breakout-extend', { by: 300_000 }], ['breakout-close', {}], ['breakout-broadcast', { text: 'Hurry' }],
    ]);
    expect(field.value).toBe('');
    tell({ open: true, left: 20_000, closing: true });
    press('Close now');
    expect(meeting.told.at(-1)).toEqual(['breakout-close', { now: true }]);
  });
});

describe('the panel of everybody else', () => {
  beforeEach(guest);

  it('has nothing before the rooms open', () => {
    show(<Panel call={call} />);
    expect(root.textContent).toContain('No breakout rooms are open');
  });

  it('lets people choose where they may, and moves nobody else', () => {
    tell({ open: true, way: 'choice' });
    seat('1', '1', '2');
    show(<Panel call={call} />);
    expect(root.querySelector('select')).toBeNull();
    press('Go to Blue');
    press('Go to Main room');
    expect(meeting.told).toEqual([['breakout-join', { room: '2' }], ['breakout-join', { room: '' }]]);
    tell({ open: true, way: 'hand', own: '1' });
    expect([...root.querySelectorAll('button')]).toEqual([]);
  });
});

describe('the strip', () => {
  it('says where one is and how long, asks for help and leads back', () => {
    guest();
    tell({ open: true, return: true, own: '1', left: 65_000 });
    seat('1', '1', '2');
    call.closes.value = performance.now() + 65_000;
    show(<Strip call={call} />);
    expect(root.textContent).toContain('You are in Red');
    expect(root.querySelector('[role="timer"]')?.textContent).toBe('1:05 left');
    press('Ask for help');
    press('Back to the main room');
    tell({ open: true, return: true, own: '1', asking: true });
    press('No longer needed');
    seat('', '1', '2');
    press('Go to Red');
    expect(meeting.told).toEqual([
      ['breakout-help', { asking: true }], ['breakout-join', { room: '' }], ['breakout-help', { asking: false }], ['breakout-join', { room: '1' }],
    ]);
  });

  it('leads nowhere where people may not choose', () => {
    guest();
    tell({ open: true, own: '1' });
    seat('1');
    show(<Strip call={call} />);
    expect([...root.querySelectorAll('button')].map((one) => one.textContent)).toEqual(['Ask for help']);
  });

  it('keeps what a host told everybody until it is put away', () => {
    tell({ open: true });
    call.broadcast.value = { id: '1', participant: 'p1', name: 'Ana', text: 'Five minutes', at: 0 };
    show(<Strip call={call} />);
    expect(root.textContent).toContain('Ana to all rooms');
    press('Dismiss the message');
    expect(root.textContent).not.toContain('Five minutes');
  });
});

describe('the call', () => {
  it('shows those in the same room alone, at once', () => {
    meeting.phase.value = 'joined';
    show(<Call meeting={meeting.session} />);
    const shown = () => [...root.querySelectorAll<HTMLElement>('.stage [data-participant]')].map((tile) => tile.dataset['participant']).sort();
    expect(shown()).toEqual(['p0', 'p1', 'p2']);
    tell({ open: true });
    seat('1', '1', '2');
    expect(shown()).toEqual(['p0', 'p1']);
    seat('', '1', '2');
    expect(shown()).toEqual(['p0']);
    expect(root.querySelector('.alone')).toBeNull();
    seat();
    expect(shown()).toEqual(['p0', 'p1', 'p2']);
  });

  it('hears what a host tells everybody, and counts the time from when it was told', async () => {
    meeting.phase.value = 'joined';
    show(<Call meeting={meeting.session} start={(started) => { call = started; }} />);
    await act(async () => undefined); // the effects that follow have run
    tell({ open: true, left: 10_000 });
    act(() => meeting.hear({ type: 'breakout-notice', data: { id: '1', participant: 'p1', name: 'Ana', text: 'Hurry', at: 1 } }));
    expect(call.broadcast.value?.text).toBe('Hurry');
    expect(Math.abs((call.closes.value ?? 0) - performance.now() - 10_000)).toBeLessThan(2_000);
  });
});
