// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Room } from './App';
import { MeetingError } from '../sdk';
import { attempt } from './call/actions';
import { Call } from './call/Call';
import type { CallState } from './call/state';
import { speak } from './language';
import { PreJoin } from './prejoin/PreJoin';
import { preferences } from './preferences';
import { FakeMeeting, person, room as aRoom } from './testing/fake';

let root: HTMLElement;
let meeting: FakeMeeting;
let call: CallState;
const width = vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1400);
const height = vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(800);

beforeEach(() => {
  localStorage.clear();
  width.mockReturnValue(1400);
  height.mockReturnValue(800);
  root = document.body.appendChild(document.createElement('div'));
  meeting = new FakeMeeting();
  meeting.participants.value = [person('p0', 'Me', { self: true }), person('p1', 'Ana'), person('p2', 'Bo')];
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
  speak('en');
  preferences.keys.value = true;
  vi.useRealTimers();
});

function enter(): void {
  meeting.phase.value = 'joined';
  act(() => render(<Call meeting={meeting.session} start={(started) => { call = started; }} />, root));
}

function named(name: string): HTMLElement | undefined {
  return [...root.querySelectorAll<HTMLElement>('button')].find((button) => (button.getAttribute('aria-label') ?? button.textContent?.trim()) === name);
}

function press(name: string): void {
  const button = named(name);
  if (!button) throw new Error(`no button ${name}`);
  act(() => button.click());
}

function key(name: string, more: KeyboardEventInit = {}): void {
  act(() => { document.dispatchEvent(new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true, ...more })); });
}

function change(what: () => void): void {
  act(what);
}

describe('the names of the controls', () => {
  it.each([
    ['Mute microphone', 'Unmute microphone'], ['Turn camera off', 'Turn camera on'], ['Share screen', 'Stop sharing'],
  ])('follow the state: %s, %s', async (before, after) => {
    enter();
    press(before);
    await act(async () => {});
    expect(named(before)).toBeUndefined();
    press(after);
    await act(async () => {});
    expect(named(before)).toBeDefined();
  });

  it('say whether one’s own hand is up', () => {
    enter();
    press('Raise hand');
    expect(meeting.told).toContainEqual(['hand', true]);
    change(() => { meeting.participants.value = meeting.participants.value.map((one) => (one.self ? { ...one, hand: 5 } : one)); });
    press('Lower hand');
    expect(meeting.told).toContainEqual(['hand', false]);
  });

  it('are all there, each once', () => {
    enter();
    for (const name of ['Mute microphone', 'Turn camera off', 'Share screen', 'Raise hand', 'React', 'Chat', 'People', 'More', 'Leave']) {
      expect([...root.querySelectorAll('button')].filter((button) => button.getAttribute('aria-label') === name), name).toHaveLength(1);
    }
  });

  it('change with the language at once', () => {
    enter();
    change(() => speak('fr'));
    expect(named('Couper le micro')).toBeDefined();
    expect(named('Quitter')).toBeDefined();
  });

  it('hold the word that is seen', () => {
    for (const language of ['en', 'fr'] as const) {
      change(() => speak(language));
      enter();
      root.querySelectorAll('.control').forEach((button) => {
        const word = button.querySelector('.control-word')?.textContent?.toLowerCase() ?? '';
        expect(button.getAttribute('aria-label')?.toLowerCase()).toContain(word);
      });
    }
  });
});

describe('tiles', () => {
  const tile = (id: string, source = 'camera') => root.querySelector<HTMLElement>(`[data-participant="${id}"][data-source="${source}"]`);

  it('carry who, what and whether they speak', () => {
    enter();
    expect(tile('p1')?.dataset['name']).toBe('Ana');
    expect(tile('p1')?.dataset['speaking']).toBe('false');
    expect(tile('p0')).not.toBeNull();
    change(() => { meeting.speakers.value = { speaking: ['p1'], dominant: 'p1' }; });
    expect(tile('p1')?.dataset['speaking']).toBe('true');
  });

  it('hold a video while a camera is on, and initials while it is off', () => {
    enter();
    expect(tile('p1')?.querySelector('video')).not.toBeNull();
    change(() => { meeting.participants.value = meeting.participants.value.map((one) => ({ ...one, media: { ...one.media, camera: false } })); });
    expect(tile('p1')?.querySelector('video')).toBeNull();
    expect(tile('p1')?.querySelector('.avatar')?.textContent).toBe('A');
  });

  it('are described with what the eye sees', () => {
    meeting.participants.value = [person('p0', 'Me', { self: true }), person('p1', 'Ana', { hand: 2, media: { microphone: false, camera: true, screen: false, screenAudio: false } }), person('p2', 'Bo', { hand: 1 })];
    enter();
    expect(tile('p1')?.getAttribute('aria-label')).toBe('Ana, Microphone off, Hand raised, number 2');
  });

  it('come and go with people and screens', () => {
    enter();
    change(() => { meeting.participants.value = [person('p0', 'Me', { self: true }), person('p1', 'Ana', { media: { microphone: true, camera: true, screen: true, screenAudio: false } })]; });
    expect(tile('p1', 'screen')).not.toBeNull();
    expect(tile('p2')).toBeNull();
    change(() => { meeting.participants.value = meeting.participants.value.map((one) => ({ ...one, media: { ...one.media, screen: false } })); });
    expect(tile('p1', 'screen')).toBeNull();
  });

  it('can be pinned and unpinned', () => {
    enter();
    press('Pin Ana');
    expect(tile('p1')?.classList.contains('focus')).toBe(true);
    press('Unpin Ana');
    expect(tile('p1')?.classList.contains('grid')).toBe(true);
  });

  it('are told to the server when they have settled, and only then', async () => {
    vi.useFakeTimers();
    enter();
    await act(async () => { vi.advanceTimersByTime(1); });
    expect(meeting.shown).toHaveLength(1);
    expect(meeting.shown[0]?.map((wish) => wish.participant)).toEqual(['p1', 'p2']);
    press('Pin Ana');
    press('Unpin Ana');
    await act(async () => { vi.advanceTimersByTime(1000); });
    expect(meeting.shown).toHaveLength(1);
  });

  it('show the invitation while nobody else is here', () => {
    meeting.participants.value = [person('p0', 'Me', { self: true })];
    enter();
    expect(root.textContent).toContain('You are the first');
    expect(named('Copy link')).toBeDefined();
  });
});

describe('shortcuts', () => {
  it.each([['m', 'microphone'], ['v', 'camera']] as const)('%s switches the %s', (letter, device) => {
    enter();
    key(letter);
    expect(meeting.fake[device].value.on).toBe(false);
  });

  it('do nothing while somebody writes', async () => {
    enter();
    press('Chat');
    await act(async () => { await vi.dynamicImportSettled(); });
    root.querySelector('textarea')?.focus();
    key('m');
    expect(meeting.fake.microphone.value.on).toBe(true);
    key('d', { ctrlKey: true });
    expect(meeting.fake.microphone.value.on).toBe(false);
  });

  it('of single keys can be switched off', () => {
    preferences.keys.value = false;
    enter();
    key('m');
    expect(meeting.fake.microphone.value.on).toBe(true);
  });

  it('open the microphone while Space is held', () => {
    meeting.fake.microphone.value = { ...meeting.fake.microphone.value, on: false };
    enter();
    (document.activeElement as HTMLElement | null)?.blur();
    key(' ');
    expect(meeting.fake.microphone.value.on).toBe(true);
    act(() => { document.dispatchEvent(new KeyboardEvent('keyup', { key: ' ' })); });
    expect(meeting.fake.microphone.value.on).toBe(false);
  });
});

describe('panels and notices', () => {
  it('collapse those who join together', () => {
    enter();
    change(() => { meeting.participants.value = [...meeting.participants.value, person('p3', 'Cy')]; });
    change(() => { meeting.participants.value = [...meeting.participants.value, person('p4', 'Di'), person('p5', 'Ed')]; });
    expect(call.toasts.value.map((toast) => toast.text)).toEqual(['Cy and 2 others joined']);
  });

  it('say who left', () => {
    enter();
    change(() => { meeting.participants.value = meeting.participants.value.slice(0, 2); });
    expect(call.toasts.value.map((toast) => toast.text)).toEqual(['Bo left']);
  });

  it('hint at talking while muted, once in thirty seconds', () => {
    vi.useFakeTimers({ now: 1_000_000 });
    meeting.fake.microphone.value = { ...meeting.fake.microphone.value, on: false };
    enter();
    for (let i = 0; i < 20; i += 1) {
      vi.setSystemTime(1_000_000 + i * 500);
      change(() => { meeting.fake.level.value = 0.5 + i / 100; });
    }
    expect(call.toasts.value.filter((toast) => toast.action)).toHaveLength(1);
  });

  it('let a host admit who knocks, but not by a press that came too early', () => {
    vi.useFakeTimers();
    meeting.knocks.value = [{ participant: 'k1', name: 'Kim' }];
    enter();
    press('Admit Kim');
    expect(meeting.told).toEqual([]);
    vi.advanceTimersByTime(1000);
    press('Admit Kim');
    expect(meeting.told).toEqual([['admit', 'k1']]);
  });

  it('leave refusing to hosts', () => {
    meeting.about.value = aRoom('member', ['admit']);
    meeting.knocks.value = [{ participant: 'k1', name: 'Kim' }];
    enter();
    expect(named('Admit Kim')).toBeDefined();
    expect(named('Deny Kim')).toBeUndefined();
  });

  it.each([['forbidden', 'may not'], ['unreachable', 'No connection'], ['internal', 'did not accept']] as const)('say why a command was not done: %s', async (code, words) => {
    meeting.refusal = new MeetingError(code, 'no');
    enter();
    attempt(call, call.meeting.rename('Else'));
    await act(async () => undefined);
    expect(root.querySelector('.toasts')?.textContent).toContain(words);
  });

  it('say that the connection is lost, and keep the people', () => {
    enter();
    change(() => { meeting.phase.value = 'reconnecting'; });
    expect(root.querySelector('[role=alert]')?.textContent).toContain('Reconnecting');
    expect(root.querySelectorAll('.tile')).toHaveLength(3);
  });
});

describe('in front of the door', () => {
  const submit = () => act(() => { root.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })); });

  it('asks for a name, remembers it, and joins', () => {
    act(() => render(<PreJoin meeting={meeting.session} onCancel={() => undefined} />, root));
    submit();
    expect(root.textContent).toContain('Enter the name');
    const field = root.querySelector<HTMLInputElement>('input[autocomplete=name]')!;
    act(() => { field.value = ' Zoé '; field.dispatchEvent(new Event('input', { bubbles: true })); });
    submit();
    expect(meeting.told).toEqual([['join', 'Zoé']]);
    expect(localStorage.getItem('palabre.name')).toBe('Zoé');
  });

  it('keeps the wish to join until the connection stands', () => {
    localStorage.setItem('palabre.name', 'Zoé');
    meeting.phase.value = 'connecting';
    act(() => render(<PreJoin meeting={meeting.session} onCancel={() => undefined} />, root));
    submit();
    expect(meeting.told).toEqual([]);
    change(() => { meeting.phase.value = 'door'; });
    expect(meeting.told).toEqual([['join', 'Zoé']]);
  });

  it('takes the name of an invitation', () => {
    meeting.fixedName.value = 'Dr. Ana';
    act(() => render(<PreJoin meeting={meeting.session} onCancel={() => undefined} />, root));
    submit();
    expect(meeting.told).toEqual([['join', 'Dr. Ana']]);
  });

  it.each([
    ['denied', 'denied', 'allow both'], ['none', 'none', 'You can join, listen and write'], [null, 'busy', 'Another program holds your camera'], ['system', null, 'Your system blocks the microphone'],
  ] as const)('says what to do when the microphone is %s and the camera %s', (mic, cam, words) => {
    meeting.fake.microphone.value = { ...meeting.fake.microphone.value, on: !mic, error: mic };
    meeting.fake.camera.value = { ...meeting.fake.camera.value, on: !cam, error: cam };
    act(() => render(<PreJoin meeting={meeting.session} onCancel={() => undefined} />, root));
    expect(root.querySelector('.door-problems')?.textContent).toContain(words);
    expect(named('Join')?.hasAttribute('disabled')).toBe(false);
  });
});

describe('the way out and what goes wrong', () => {
  const show = async () => {
    await import('./states/end'); // as it is by then, from standing at the door
    await act(async () => render(<Room meeting={meeting.session} onAgain={() => meeting.told.push(['again'])} onHome={() => undefined} />, root));
    await vi.waitFor(() => expect(root.textContent).not.toBe(''));
  };

  it.each([['left', 'You left the meeting'], ['removed', 'You were taken out'], ['denied', 'You were not let in'], ['replaced', 'joined from somewhere else'], ['shutdown', 'The server stopped'], ['lost', 'The connection was lost']] as const)('%s', async (reason, words) => {
    meeting.ended.value = { reason, duration: 65_000 };
    await show();
    expect(root.textContent).toContain(words);
    expect(root.textContent).toContain('1 minute, 5 seconds');
    press('Rejoin');
    expect(meeting.told).toEqual([['again']]);
  });

  it.each([['room-full', 'full'], ['forbidden', 'may not enter'], ['unauthorized', 'no longer valid'], ['internal', 'Something went wrong']] as const)('%s', async (code, words) => {
    meeting.failure.value = { code, message: 'secret detail', retryable: false };
    await show();
    expect(root.textContent).toContain(words);
    expect(root.textContent).not.toContain('secret detail');
  });

  it('stays at the door while the server does not answer', async () => {
    meeting.phase.value = 'connecting';
    meeting.failure.value = { code: 'unreachable', message: '', retryable: true };
    await show();
    expect(root.textContent).toContain('The server does not answer');
    expect(named('Join')).toBeDefined();
  });
});
