// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MeetingError, type Line } from '../../../sdk';
import { inCall } from '../../../locales/call';
import { addTexts } from '../../../locales/text';
import { speak } from '../../language';
import { FakeMeeting, person, room } from '../../testing/fake';
import { People } from '../People';
import { CallState } from '../state';
import { Chat, follows, holds } from './Chat';
import { dayName, sizeOf } from './days';
import { parts } from './links';
import { grouped } from './Message';

let root: HTMLElement;
let meeting: FakeMeeting;
let call: CallState;

const noon = new Date(2026, 10, 22, 12).getTime();
const line = (id: string, more: Partial<Line> = {}): Line => ({ id, participant: 'p1', name: 'Ana', text: `line ${id}`, at: noon + Number(id), mine: false, state: 'sent', ...more });

beforeAll(() => {
  addTexts(inCall);
  speak('en');
});

beforeEach(() => {
  root = document.body.appendChild(document.createElement('div'));
  meeting = new FakeMeeting();
  meeting.self.value = { id: 'p0', name: 'Me', role: 'guest' };
  meeting.participants.value = [person('p0', 'Me', { self: true }), person('p1', 'Ana'), person('p2', 'Bo')];
  call = new CallState(meeting.session);
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
});

function show(...lines: Line[]): void {
  meeting.chat.value = lines;
  act(() => render(<Chat call={call} />, root));
}

const all = <E extends HTMLElement>(selector: string) => [...root.querySelectorAll<E>(selector)];
const named = (name: string) => all('button').find((button) => (button.getAttribute('aria-label') ?? button.textContent?.trim()) === name);

function press(name: string): void {
  const button = named(name);
  if (!button) throw new Error(`no button ${name} among ${all('button').map((b) => b.getAttribute('aria-label') ?? b.textContent).join(', ')}`);
  act(() => button.click());
}

function type(text: string, field = root.querySelector<HTMLTextAreaElement>('.composer textarea')!): HTMLTextAreaElement {
  act(() => { field.value = text; field.dispatchEvent(new Event('input', { bubbles: true })); });
  return field;
}

function enter(field: HTMLElement, more: KeyboardEventInit = {}): void {
  act(() => { field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...more })); });
}

describe('lines', () => {
  it('are read when the panel is open, and show what was written as it was', () => {
    meeting.chat.value = [line('1', { text: 'Hi <b>all</b>' })];
    expect(call.unread.value).toBe(1);
    show(...meeting.chat.value);
    expect(root.querySelector('.line-text')?.textContent).toBe('Hi <b>all</b>');
    expect(call.unread.value).toBe(0);
    expect(root.querySelector('.lines-unread')).not.toBeNull();
  });

  it('are sent with Enter, and broken with Shift', () => {
    show();
    const field = type('hello');
    enter(field, { shiftKey: true });
    expect(meeting.told).toEqual([]);
    enter(field);
    expect(meeting.told).toEqual([['say', 'hello']]);
    expect(field.value).toBe('');
  });

  it('go to one person who was chosen, and say so', () => {
    show();
    const choice = root.querySelector('select')!;
    act(() => { choice.value = 'p2'; choice.dispatchEvent(new Event('change', { bubbles: true })); });
    expect(root.querySelector('textarea')?.placeholder).toBe('Message to Bo only');
    enter(type('psst'));
    expect(meeting.told).toEqual([['say', 'psst', { to: 'p2', toName: 'Bo' }]]);
  });

  it('can be begun from the list of people', () => {
    act(() => render(<People call={call} />, root));
    press('Private message to Bo');
    expect([call.whisper.value, call.panel.value]).toEqual([{ id: 'p2', name: 'Bo' }, 'chat']);
    expect(named('Private message to Me')).toBeUndefined();
  });

  it('are not sent to somebody who has gone', () => {
    call.whisper.value = { id: 'p9', name: 'Zoe' };
    show();
    enter(type('psst'));
    expect(meeting.told).toEqual([]);
    expect(root.textContent).toContain('They have left.');
  });

  it('offer no private ones where the room has none', () => {
    meeting.about.value = room('guest', ['chat']);
    show(line('1'));
    expect(root.querySelector('select')).toBeNull();
    expect(named('Attach a file')).toBeUndefined();
  });

  it('answer others; a private one in private', () => {
    show(line('1', { to: 'p0', toName: 'Me' }));
    expect(root.querySelector('.line-private')?.textContent).toBe('only to you');
    press('Reply to Ana');
    enter(type('sure'));
    expect(meeting.told[0]?.[0]).toBe('say');
    expect(meeting.told[0]?.[2]).toMatchObject({ to: 'p1', toName: 'Ana', reply: { id: '1' } });
  });

  it('show what they answer, and that it was deleted', () => {
    const quote = { line: '1', participant: 'p1', name: 'Ana', text: 'first' };
    show(line('1'), line('2', { quote }), line('3', { quote: { ...quote, text: '' } }));
    expect(all('.line-quote').map((q) => q.textContent)).toEqual(['Anafirst', 'AnaThis message was deleted.']);
  });

  it('are edited in their place by who wrote them', () => {
    show(line('1', { mine: true, at: Date.now() }), line('2'));
    press('Actions for the message of Ana');
    expect(named('Edit')).toBeUndefined();
    press('Actions for the message of You');
    press('Edit');
    const field = root.querySelector<HTMLTextAreaElement>('.line-edit textarea')!;
    expect(field.value).toBe('line 1');
    enter(type('better', field));
    expect(meeting.told).toEqual([['chat-edit', { line: '1', text: 'better' }]]);
    expect(root.querySelector('.line-edit')).toBeNull();
  });

  it('are deleted after being asked', () => {
    show(line('1'));
    press('Actions for the message of Ana');
    press('Delete');
    expect(meeting.told).toEqual([]);
    press('Delete for everyone?');
    expect(meeting.told).toEqual([['chat-delete', { line: '1' }]]);
    meeting.about.value = room('guest', ['chat']);
    act(() => render(null, root));
    show(line('1'));
    press('Actions for the message of Ana');
    expect(named('Delete')).toBeUndefined();
  });

  it('leave a place where they were deleted, and offer nothing there', () => {
    show(line('1', { text: '', deleted: true }));
    expect(root.querySelector('.line-deleted')?.textContent).toBe('This message was deleted.');
    expect(all('.line-actions')).toEqual([]);
  });

  it('carry reactions with who sent them; one’s own can be taken back', () => {
    const mark = (participant: string, name: string, emoji = '👍') => ({ participant, name, emoji });
    show(line('1', { reactions: [mark('p1', 'Ana'), mark('p0', 'Me'), mark('p1', 'Ana', '🎉')] }));
    expect(all('.line-mark').map((b) => [b.getAttribute('aria-label'), b.getAttribute('aria-pressed')])).toEqual([
      ['👍 2: Ana and you', 'true'], ['🎉 1: Ana', 'false'],
    ]);
    press('👍 2: Ana and you');
    press('🎉 1: Ana');
    expect(meeting.told).toEqual([
      ['chat-react', { line: '1', emoji: '👍', gone: true }], ['chat-react', { line: '1', emoji: '🎉', gone: false }],
    ]);
  });

  it('close their menu with Escape', () => {
    show(line('1'));
    press('Actions for the message of Ana');
    const menu = root.querySelector('.line-menu')!;
    act(() => { menu.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true })); });
    expect(root.querySelector('.line-menu')).toBeNull();
  });

  it('are found without accents and capitals', () => {
    show(...Array.from({ length: 9 }, (_, i) => line(String(i + 1), { text: i === 4 ? 'Été à Paris' : 'hello' })));
    const field = root.querySelector<HTMLInputElement>('input[type=search]')!;
    act(() => { field.value = 'ETE paris'; field.dispatchEvent(new Event('input', { bubbles: true })); });
    expect(all('.line').length).toBe(1);
    expect(root.querySelector('[role=status]')?.textContent).toBe('1 message found');
  });

  it('tell one who only watches that they may read along', () => {
    meeting.about.value = room('viewer', []);
    show(line('1'));
    expect(root.querySelector('.composer')).toBeNull();
    expect(root.textContent).toContain('You came to watch');
  });
});

describe('files', () => {
  it('say in words why they were refused', async () => {
    meeting.refusal = new MeetingError('too-large', 'too large');
    show();
    const picker = root.querySelector<HTMLInputElement>('input[type=file]')!;
    Object.defineProperty(picker, 'files', { value: [new File(['x'], 'film.mp4')] });
    await act(async () => { picker.dispatchEvent(new Event('change', { bubbles: true })); });
    expect(meeting.told).toEqual([['file-ticket', { name: 'film.mp4', size: 1 }]]);
    expect(call.toasts.value.map(({ text }) => text)).toEqual(['film.mp4 is too large to be sent here.']);
  });

  it('are shown by name and size', () => {
    show(line('1', { text: '', file: { id: 'f', name: 'plan.pdf', type: 'application/pdf', size: 240_000 } }));
    expect(root.querySelector<HTMLElement>('.line-file')?.title).toBe('Download plan.pdf, 240 kB');
  });
});

describe('the small things', () => {
  it('lines of one person within minutes stand together, but not over midnight or in private', () => {
    expect(follows(line('1'), line('2'))).toBe(true);
    expect(follows(line('1'), line('2', { participant: 'p2' }))).toBe(false);
    expect(follows(line('1'), line('2', { to: 'p0' }))).toBe(false);
    const midnight = new Date(2026, 10, 23).getTime();
    expect(follows(line('1', { at: midnight - 1 }), line('2', { at: midnight }))).toBe(false);
  });

  it('days have names', () => {
    const now = new Date(2026, 10, 22, 9).getTime();
    expect(dayName(now - 1000, now)).toBe('Today');
    expect(dayName(now - 10 * 3_600_000, now)).toBe('Yesterday');
    expect(dayName(now - 72 * 3_600_000, now)).toBe('Thursday, November 19');
  });

  it.each([[12, '12 bytes'], [1500, '1.5 kB'], [240_000, '240 kB'], [20 << 20, '21 MB']] as const)('%d bytes are %s', (bytes, text) => {
    expect(sizeOf(bytes)).toBe(text);
  });

  it('reactions are counted in the order they came', () => {
    const mark = (emoji: string, participant: string) => ({ emoji, participant, name: participant });
    expect(grouped([mark('b', '1'), mark('a', '1'), mark('b', '2')]).map(([emoji, by]) => [emoji, by.length])).toEqual([['b', 2], ['a', 1]]);
  });

  it('words are looked for in text, file and name', () => {
    expect(holds(line('1', { file: { id: 'f', name: 'plan.pdf', type: '', size: 1 } }), 'PLAN ana')).toBe(true);
    expect(holds(line('1'), 'plan')).toBe(false);
  });
});

describe('links lead only where they seem to', () => {
  it.each([
    ['javascript:alert(1)', []], ['data:text/html,<script>', []], ['vbscript:x', []], ['JaVaScRiPt://https://a.example/%0aalert(1)', ['https://a.example/%0aalert(1)']],
    ['https://bank.example@evil.example/', []], ['https://user:secret@evil.example', []], ['https://a.example/\u202egpj.exe', ['https://a.example/']],
    ['https://a.example\u200b.evil.example', ['https://a.example']], ['http://\u0430pple.example', ['http://\u0430pple.example']], ['https://a.example" onclick="x', ['https://a.example']],
  ])('%s', (text, links) => {
    expect(parts(text).flatMap((part) => part.href ?? [])).toEqual(links);
    expect(parts(text).map((part) => part.text).join('')).toBe(text);
  });

  it('shows the true name of a server that looks like another', () => {
    expect(parts('https://\u0430pple.example')[0]?.host).toBe('xn--pple-43d.example');
  });

  it('gives the page it leads to no hold on this one', () => {
    show(line('1', { text: 'see https://a.example/x' }));
    const link = root.querySelector<HTMLAnchorElement>('.line-text a')!;
    expect([link.rel, link.target]).toEqual(['noopener noreferrer nofollow', '_blank']);
  });
});
