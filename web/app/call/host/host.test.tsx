// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Action, Participant, Role } from '../../../sdk';
import { FakeMeeting, person, room } from '../../testing/fake';
import { Call } from '../Call';
import type { CallState } from '../state';

const all: Action[] = ['publish', 'share', 'chat', 'signal', 'admit', 'deny', 'moderate', 'remove', 'lock', 'appoint', 'configure', 'end'];
const below: Role[] = ['host', 'co-host', 'presenter', 'member', 'guest', 'viewer'];

let root: HTMLElement;
let meeting: FakeMeeting;
let call: CallState;

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1400);
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(800);
  root = document.body.appendChild(document.createElement('div'));
  meeting = new FakeMeeting();
  meeting.about.value = room('host', all, { roles: below });
  people([person('p0', 'Me', { self: true, role: 'host' }), person('p1', 'Ana', { hand: 4 }), person('p2', 'Bo', { role: 'owner', media: { microphone: false, camera: false, screen: true, screenAudio: false } })]);
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
});

function people(list: Participant[]): void {
  meeting.participants.value = list;
}

async function enter(): Promise<void> {
  meeting.phase.value = 'joined';
  act(() => render(<Call meeting={meeting.session} start={(started) => { call = started; }} />, root));
}

const named = (name: string) => [...root.querySelectorAll<HTMLElement>('button')].find((one) => (one.getAttribute('aria-label') ?? one.textContent?.trim()) === name);

/** Presses a button that may come in a file of its own. */
async function press(name: string): Promise<void> {
  await vi.waitFor(() => { if (!named(name)) throw new Error(`no button ${name}`); });
  act(() => named(name)!.click());
}

const toasts = () => call.toasts.value.map(({ text }) => text);

describe('a host', () => {
  it('finds beside each person what can be done with what is on, and asked for where it is off', async () => {
    await enter();
    act(() => { call.panel.value = 'people'; });
    await press('Options for Ana');
    await press('Mute');
    await press('Turn off their camera');
    await press('Lower their hand');
    await press('Options for Bo');
    await press('Ask to unmute');
    await press('Stop their screen share');
    expect(meeting.told).toEqual([
      ['mute', { participant: 'p1' }], ['stop', { participant: 'p1', source: 'camera' }], ['lower', { participant: 'p1' }],
      ['ask', { participant: 'p2', source: 'microphone' }], ['stop', { participant: 'p2', source: 'screen' }],
    ]);
    expect(root.querySelectorAll('.person-role')).toHaveLength(1); // nobody appoints an owner
  });

  it('gives roles, and removes only after a second thought', async () => {
    await enter();
    act(() => { call.panel.value = 'people'; });
    await press('Options for Ana');
    await vi.waitFor(() => expect(root.querySelector('.person-role select')).not.toBeNull());
    const choice = root.querySelector<HTMLSelectElement>('.person-role select')!;
    expect([...choice.options].map(({ value }) => value)).toEqual(below);
    act(() => { choice.value = 'co-host'; choice.dispatchEvent(new Event('change', { bubbles: true })); });
    await press('Remove…');
    expect(meeting.told).toEqual([['appoint', { participant: 'p1', role: 'co-host' }]]);
    await press('Remove and keep out');
    expect(meeting.told.at(-1)).toEqual(['ban', { participant: 'p1' }]);
  });

  it('acts on all at once, and lets everybody in', async () => {
    meeting.knocks.value = [{ participant: 'k1', name: 'Kim' }, { participant: 'k2', name: 'Lou', picture: 'UklGRg==' }];
    await enter();
    await press('Admit all');
    act(() => { call.panel.value = 'people'; });
    expect(root.querySelector<HTMLImageElement>('.panel .knock-picture')!.src).toBe('data:image/webp;base64,UklGRg==');
    await press('Mute all');
    await press('Lower all');
    await press('Lock');
    expect(meeting.told).toEqual([['admit-all', undefined], ['mute', { participant: '' }], ['lower', { participant: '' }], ['lock', { locked: true }]]);
    act(() => { meeting.about.value = { ...meeting.about.value, locked: true }; });
    expect(root.querySelector('.people-locked')?.textContent).toBe('Locked: nobody new comes in');
    await press('Unlock');
    expect(meeting.told.at(-1)).toEqual(['lock', { locked: false }]);
  });

  it('is asked whether to leave or to end it for all, unless alone', async () => {
    await enter();
    await press('Leave');
    await press('End for allEverybody leaves at once.');
    expect(meeting.told).toEqual([['end', undefined]]);
    act(() => people([person('p0', 'Me', { self: true, role: 'host' })]));
    await press('Leave');
    expect(meeting.told.at(-1)).toEqual(['leave']);
  });

  it('changes the settings of the meeting, each at once', async () => {
    meeting.about.value = { ...meeting.about.value, banned: [{ id: 'b1', name: 'Mal' }] };
    HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) { this.open = true; };
    await enter();
    act(() => call.openDialog('room'));
    await vi.waitFor(() => expect(root.querySelectorAll('.dialog [role=switch]')).toHaveLength(4));
    const switches = [...root.querySelectorAll<HTMLInputElement>('.dialog [role=switch]')];
    for (const one of switches) act(() => one.click());
    const [share] = [...root.querySelectorAll<HTMLSelectElement>('.room-least select')];
    act(() => { share!.value = 'presenter'; share!.dispatchEvent(new Event('change', { bubbles: true })); });
    await press('Let Mal back in');
    expect(meeting.told).toEqual([
      ['configure', { lobby: true }], ['lock', { locked: true }], ['configure', { muteOnEntry: true }], ['configure', { audioOnly: true }],
      ['configure', { least: { share: 'presenter' } }], ['unban', { id: 'b1' }],
    ]);
  });

  it('says how long things are kept, and which sites embed the meeting', async () => {
    meeting.about.value = { ...meeting.about.value, retentionDays: 30, origins: ['https://chat.example'] };
    HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) { this.open = true; };
    await enter();
    act(() => call.openDialog('room'));
    await vi.waitFor(() => expect(root.querySelector('.room-sites')).not.toBeNull());
    const kept = root.querySelector('.room-kept')!.parentElement!;
    const days = kept.querySelector<HTMLInputElement>('input')!;
    const keep = (value: string) => act(() => { days.value = value; days.dispatchEvent(new Event('change', { bubbles: true })); });
    expect(days.value).toBe('30');
    keep('4000');
    expect(kept.querySelector('[role=alert]')?.textContent).toBe('Write a number of days up to 3,650, or nothing.');
    keep('');
    expect(kept.querySelector('[role=alert]')).toBeNull();
    const sites = kept.querySelector('textarea')!;
    const form = sites.closest('form')!;
    const embed = (value: string) => act(() => { sites.value = value; sites.dispatchEvent(new Event('input', { bubbles: true })); });
    const submit = () => act(() => { form.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })); });
    expect(sites.value).toBe('https://chat.example');
    embed('https://chat.example\nchat.example/room');
    submit();
    expect(kept.querySelector('[role=alert]')?.textContent).toContain('“chat.example/room” is no site');
    expect(sites.getAttribute('aria-invalid')).toBe('true');
    embed('https://chat.example/\nhttp://localhost:8080');
    submit();
    expect(meeting.told).toEqual([['configure', { retentionDays: 0 }], ['configure', { origins: ['https://chat.example', 'http://localhost:8080'] }]]);
  });
});

describe('everybody else', () => {
  it('is shown none of it', async () => {
    meeting.about.value = room('guest', ['publish', 'share', 'chat', 'signal']);
    await enter();
    act(() => { call.panel.value = 'people'; });
    await act(async () => {});
    expect(named('Options for Ana')).toBeUndefined();
    expect(root.querySelector('.meeting-tools')).toBeNull();
    await press('Leave');
    expect(meeting.told).toEqual([['leave']]);
  });

  it('is told what a host did, and asked rather than unmuted', async () => {
    meeting.fake.microphone.value = { ...meeting.fake.microphone.value, on: false };
    await enter();
    act(() => meeting.hear({ type: 'asked', data: { what: 'muted', participant: 'p0', by: 'p1', name: 'Ana' } }));
    await vi.waitFor(() => expect(toasts()).toEqual(['Ana muted you']));
    act(() => meeting.hear({ type: 'asked', data: { what: 'unmute', participant: 'p0', by: 'p1', name: 'Ana' } }));
    await vi.waitFor(() => expect(toasts().at(-1)).toBe('Ana asks you to unmute'));
    expect(meeting.fake.microphone.value.on).toBe(false);
    act(() => call.toasts.value.at(-1)!.action!.run());
    await vi.waitFor(() => expect(meeting.fake.microphone.value.on).toBe(true));
    act(() => meeting.hear({ type: 'asked', data: { what: 'muted', participant: 'p0' } }));
    await vi.waitFor(() => expect(toasts().at(-1)).toMatch(/come in muted/));
  });

  it('is told their new role, and who stands in for a host', async () => {
    await enter();
    act(() => people(meeting.participants.value.map((one) => (one.self ? { ...one, role: 'co-host' } : one))));
    await vi.waitFor(() => expect(toasts()).toEqual(['Your role is now: Co-host']));
    act(() => people(meeting.participants.value.map((one) => (one.id === 'p1' ? { ...one, role: 'host', acting: true } : one))));
    await vi.waitFor(() => expect(toasts().at(-1)).toBe('The host is away. Ana stands in.'));
    act(() => { call.panel.value = 'people'; });
    expect(root.querySelector('.people')?.textContent).toContain('Host while the host is away');
  });
});
