// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Role, Room, WeakLink } from '../sdk';
import { Call } from './call/Call';
import { stays } from './call/LinkNotice';
import { speak } from './language';
import { PreJoin } from './prejoin/PreJoin';
import { FakeMeeting, person, room as aRoom } from './testing/fake';
import { snapshot } from './testing/snapshot';
import { LiveRegions } from './ui/announce';

let root: HTMLElement;
let meeting: FakeMeeting;
vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1400);
vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(800);

beforeEach(() => {
  localStorage.clear();
  root = document.body.appendChild(document.createElement('div'));
  meeting = new FakeMeeting();
  meeting.participants.value = [person('p0', 'Me', { self: true }), person('p1', 'Ada'), person('p2', 'Bo')];
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
  speak('en');
  vi.useRealTimers();
});

function enter(): void {
  meeting.phase.value = 'joined';
  act(() => render(<><Call meeting={meeting.session} /><LiveRegions /></>, root));
}

const name = (element: Element) => element.getAttribute('aria-label') ?? element.textContent?.trim();
const named = (wanted: string) => [...root.querySelectorAll<HTMLElement>('button')].find((button) => name(button) === wanted);
const tile = (id: string, source = 'camera') => root.querySelector<HTMLElement>(`[data-participant="${id}"][data-source="${source}"]`);
const notices = () => root.querySelector('.notices')?.textContent ?? '';
const spoken = () => root.querySelector('[aria-live=polite]')?.textContent ?? '';

function press(wanted: string): void {
  const button = named(wanted);
  if (!button) throw new Error(`no button ${wanted}`);
  act(() => button.click());
}

/** Chooses one of a group of radio buttons by its words. */
function choose(group: string, wanted: string): void {
  const set = [...root.querySelectorAll('fieldset')].find((one) => one.querySelector('legend')?.textContent === group);
  const input = [...(set?.querySelectorAll('label') ?? [])].find((label) => label.textContent === wanted)?.querySelector('input');
  if (!input) throw new Error(`no choice ${wanted} of ${group}`);
  act(() => input.click());
}

const mine = (direction: 'up' | 'down'): WeakLink => ({ whose: 'mine', direction, bars: 1 });

describe('the bars of a tile', () => {
  it.each([[0, 'lost'], [1, 'poor'], [2, 'fair'], [3, 'good']] as const)('with %d full are called “Connection: %s”', (up, word) => {
    meeting.quality.value = { p1: { up, down: 3 } };
    enter();
    const bars = tile('p1')?.querySelector('.tile-bars');
    expect(bars?.getAttribute('role')).toBe('img');
    expect(bars?.getAttribute('aria-label')).toBe(`Connection: ${word}`);
    expect(bars?.querySelectorAll('.bar-full')).toHaveLength(up);
    expect(tile('p2')?.querySelector('.tile-bars')).toBeNull();
  });

  it('are one’s own as well, and stand beside the name in the list when they are not all full', () => {
    meeting.quality.value = { p0: { up: 2, down: 3 }, p1: { up: 3, down: 3 } };
    enter();
    expect(tile('p0')?.querySelector('.tile-bars')?.getAttribute('aria-label')).toBe('Connection: fair');
    press('People');
    expect([...root.querySelectorAll('.person .bars')].map(name)).toEqual(['Connection: fair']);
  });
});

describe('the sentence about a weak link', () => {
  it('says whose it is, once, politely, and goes by itself', () => {
    enter();
    act(() => { meeting.link.value = { whose: 'theirs', participant: 'p1', bars: 1 }; });
    expect(notices()).toContain('Ada’s connection is weak');
    expect(spoken()).toContain('Ada’s connection is weak');
    expect(root.querySelector('.notices [role=alert]')).toBeNull();
    act(() => { meeting.link.value = { whose: null, bars: 3 }; });
    expect(notices()).toBe('');
  });

  it('can be put away until there is another', () => {
    enter();
    act(() => { meeting.link.value = mine('up'); });
    act(() => root.querySelector<HTMLElement>('.notice.link .round')?.click());
    expect(notices()).toBe('');
    act(() => { meeting.link.value = mine('down'); });
    expect(notices()).toContain('pictures may blur or stop');
  });

  it('names the server while that cannot be reached', () => {
    enter();
    act(() => {
      meeting.phase.value = 'reconnecting';
      meeting.link.value = { whose: 'server', bars: 0 };
    });
    expect(root.querySelector('[role=alert]')?.textContent).toContain('The server cannot be reached; trying again');
    expect(root.querySelectorAll('.notice')).toHaveLength(1);
  });

  it('offers to receive less when the way down stays poor', () => {
    vi.useFakeTimers();
    enter();
    act(() => { meeting.link.value = mine('down'); });
    expect(named('Turn off incoming video')).toBeUndefined();
    act(() => { vi.advanceTimersByTime(stays); });
    press('Turn off incoming video');
    expect(meeting.incoming.value).toBe('screens');
    expect(named('Turn off incoming video')).toBeUndefined();
  });

  it('offers sound alone when the way up stays poor', () => {
    vi.useFakeTimers();
    enter();
    act(() => { meeting.link.value = mine('up'); });
    act(() => { vi.advanceTimersByTime(stays); });
    press('Audio only');
    expect(meeting.audioOnly.value).toBe(true);
  });
});

describe('video that is turned off', () => {
  beforeEach(() => {
    meeting.participants.value = [person('p0', 'Me', { self: true }), person('p1', 'Ada', { media: { microphone: true, camera: true, screen: true, screenAudio: false } }), person('p2', 'Bo')];
  });

  it('is chosen in the menu; tiles say why there is none, and a notice brings it back', () => {
    enter();
    press('More');
    choose('Incoming video', 'Screens only');
    expect(meeting.incoming.value).toBe('screens');
    expect(tile('p1')?.querySelector('video')).toBeNull();
    expect(tile('p1')?.querySelector('.avatar')).not.toBeNull();
    expect(tile('p1')?.textContent).toContain('Video off by you');
    expect(tile('p1', 'screen')?.querySelector('video')).not.toBeNull();
    expect(tile('p0')?.textContent).not.toContain('Video off by you');
    expect(notices()).toContain('Only shared screens are shown');
    press('Turn incoming video on');
    expect(meeting.incoming.value).toBe('all');
    expect(tile('p1')?.querySelector('video')).not.toBeNull();
    expect(notices()).toBe('');
  });

  it('includes screens when nothing is wanted, which their tiles give back', () => {
    enter();
    act(() => { meeting.incoming.value = 'none'; });
    expect(tile('p1', 'screen')?.querySelector('video')).toBeNull();
    press('Show shared screens');
    expect(meeting.incoming.value).toBe('screens');
  });

  it('is all of it in audio-only mode, with one way back', () => {
    enter();
    press('More');
    expect(named('Audio only')?.getAttribute('aria-pressed')).toBe('false');
    press('Audio only');
    expect(named('Audio only')?.getAttribute('aria-pressed')).toBe('true');
    expect(notices()).toContain('Audio only: no video is sent or received');
    press('Turn video back on');
    expect(meeting.audioOnly.value).toBe(false);
  });

  it('says nothing about who has no camera on', () => {
    meeting.participants.value = [person('p0', 'Me', { self: true }), person('p2', 'Bo', { media: { microphone: true, camera: false, screen: false, screenAudio: false } })];
    enter();
    act(() => { meeting.incoming.value = 'none'; });
    expect(tile('p2')?.textContent).not.toContain('Video off by you');
  });
});

describe('a paused picture', () => {
  it.each([
    ['bandwidth', 'Paused: your connection is too narrow'], ['codec', 'Your browser cannot play this video'], ['hidden', ''], ['muted', ''], ['no video', ''],
  ])('says why when it lasts: %s', (paused, words) => {
    vi.useFakeTimers();
    enter();
    act(() => { meeting.stream('p1', 'camera').value = { stream: new MediaStream(), paused }; });
    const said = () => tile('p1')?.querySelector('.tile-words')?.textContent ?? '';
    expect(said()).toBe('');
    act(() => { vi.advanceTimersByTime(1000); });
    expect(said()).toBe(words);
  });
});

describe('a picture that is on its way', () => {
  it('leaves the initials until its first frame, and says so when that takes long', () => {
    vi.useFakeTimers();
    enter();
    act(() => { meeting.stream('p1', 'camera').value = { stream: new MediaStream() }; });
    act(() => { vi.advanceTimersByTime(1000); });
    expect(tile('p1')?.querySelector('.avatar')).not.toBeNull();
    expect(tile('p1')?.textContent).toContain('Picture on its way…');
    const video = tile('p1')!.querySelector('video')!;
    Object.defineProperty(video, 'videoWidth', { value: 640 });
    Object.defineProperty(video, 'videoHeight', { value: 360 });
    act(() => { video.dispatchEvent(new Event('resize')); });
    expect(tile('p1')?.querySelector('.avatar')).toBeNull();
    expect(tile('p1')?.textContent).not.toContain('Picture on its way…');
  });
});

describe('sharing a screen', () => {
  it('lets the sharer say what it is for, and tells what it is sent for now', async () => {
    enter();
    press('Share screen');
    await act(async () => undefined);
    expect(notices()).toContain('Sent for reading');
    choose('Your shared screen shows', 'Motion');
    expect(meeting.fake.screenMode.value.chosen).toBe('motion');
    expect(notices()).toContain('Sent for moving pictures');
  });
});

describe('settings', () => {
  it('switch music, sound alone and incoming video', () => {
    enter();
    press('More');
    press('Settings');
    const toggle = (words: string) => {
      const input = [...root.querySelectorAll('.switch')].find((one) => one.textContent?.includes(words))?.querySelector('input');
      act(() => input?.click());
    };
    toggle('Music: send sound as it is, in stereo');
    expect(meeting.fake.music.value).toBe(true);
    choose('Incoming video', 'None');
    expect(meeting.incoming.value).toBe('none');
    choose('Your shared screen shows', 'Text');
    expect(meeting.fake.screenMode.value.chosen).toBe('text');
    toggle('Audio only');
    expect(meeting.audioOnly.value).toBe(true);
  });
});

describe('the statistics', () => {
  const show = async () => {
    meeting.snapshot = snapshot;
    await import('./call/Statistics');
    enter();
    act(() => { document.dispatchEvent(new KeyboardEvent('keydown', { key: 'i', bubbles: true, cancelable: true })); });
    await act(async () => undefined);
    await vi.waitFor(() => expect(root.querySelector('.figure')).not.toBeNull());
  };

  it('open with I, tell each line, and stay up to date', async () => {
    await show();
    expect(root.querySelector('.panel h2')?.textContent).toBe('Connection statistics');
    expect(root.querySelector('.statistics')?.textContent).toContain('1920 × 1080');
    meeting.snapshot = { ...snapshot, connection: { ...snapshot.connection, roundTrip: 310 } };
    await vi.waitFor(() => expect(root.querySelector('.statistics')?.textContent).toContain('310 ms'), 5_000);
  });

  it('are copied as a report, and say so', async () => {
    const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await show();
    press('Copy report');
    await vi.waitFor(() => expect(named('Report copied')).toBeDefined());
    expect(write).toHaveBeenCalledWith('Palabre report');
    expect(spoken()).toContain('Report copied');
    write.mockRestore();
  });

  it('show the report where the browser lets nothing be copied', async () => {
    const write = vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('no'));
    await show();
    press('Copy report');
    await vi.waitFor(() => expect(root.querySelector('textarea')?.value).toBe('Palabre report'));
    write.mockRestore();
  });
});

describe('what a role may not do', () => {
  const as = (role: Role, may: Room['may'] = []) => {
    meeting.self.value = { id: 'p0', name: 'Me', role };
    meeting.about.value = aRoom(role, may);
  };

  it('has no button, no key and no field', async () => {
    as('viewer');
    enter();
    for (const forbidden of ['Mute microphone', 'Turn camera off', 'Share screen', 'Raise hand', 'React']) expect(named(forbidden), forbidden).toBeUndefined();
    for (const allowed of ['Chat', 'People', 'More', 'Leave']) expect(named(allowed), allowed).toBeDefined();
    for (const key of ['m', 'v', 's', 'h', ' ']) act(() => { document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })); });
    expect(meeting.fake.microphone.value.on && meeting.fake.camera.value.on).toBe(true);
    expect(meeting.fake.screen.value.on).toBe(false);
    expect(meeting.told).toEqual([]);
    press('More');
    expect(named('Share screen')).toBeUndefined();
    expect(root.querySelector('.reaction-choice')).toBeNull();
    press('Settings');
    expect(root.querySelector('.dialog')?.textContent).not.toContain('Microphone');
    press('Chat');
    await vi.waitFor(() => expect(root.querySelector('.panel')?.textContent).toContain('You came to watch'));
    expect(root.querySelector('.panel textarea')).toBeNull();
  });

  it('is nothing for a guest but the lobby', () => {
    as('guest', ['publish', 'share', 'chat', 'signal']);
    enter();
    for (const allowed of ['Mute microphone', 'Turn camera off', 'Share screen', 'Raise hand', 'React']) expect(named(allowed), allowed).toBeDefined();
  });

  it('is known at the door already', () => {
    as('viewer');
    act(() => render(<PreJoin meeting={meeting.session} onCancel={() => undefined} />, root));
    expect(root.textContent).toContain('You come to watch and listen');
    expect(named('Mute microphone')).toBeUndefined();
    expect(root.querySelector('.device-summary')).toBeNull();
    expect(named('Join')).toBeDefined();
  });
});
