// @vitest-environment happy-dom
import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Poll } from '../../../sdk/protocol';
import { speak } from '../../language';
import { FakeMeeting, room } from '../../testing/fake';
import { poll, samplePolls } from '../../testing/polls';
import { CallState } from '../state';
import { cell, json, table } from './export';
import { followPolls } from './notice';
import { Polls } from './Polls';

let root: HTMLElement;
let meeting: FakeMeeting;
let call: CallState;

beforeEach(() => {
  speak('en');
  root = document.body.appendChild(document.createElement('div'));
  meeting = new FakeMeeting();
  call = new CallState(meeting.session);
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
});

function show(...polls: Poll[]): void {
  meeting.topic('polls').value = { polls };
  act(() => render(<Polls call={call} />, root));
}

function button(name: string): HTMLButtonElement | undefined {
  return [...root.querySelectorAll('button')].find((one) => (one.getAttribute('aria-label') ?? one.textContent?.trim()) === name);
}

function press(name: string): void {
  const found = button(name);
  if (!found) throw new Error(`no button ${name}`);
  act(() => found.click());
}

function choose(at: number): void {
  act(() => root.querySelectorAll<HTMLInputElement>('.poll-option input')[at]?.click());
}

function write(at: number, text: string): void {
  const field = root.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('.poll-form .field')[at];
  if (!field) throw new Error(`no field ${at}`);
  act(() => {
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
  });
}

function told(type: string): unknown {
  return meeting.told.filter(([what]) => what === type).map(([, data]) => data).at(-1);
}

describe('a poll', () => {
  it('takes one answer, and another in its place', () => {
    show(poll('a'));
    expect(button('Vote')?.disabled).toBe(true);
    choose(2);
    press('Vote');
    expect(told('poll-vote')).toEqual({ poll: 'a', choice: [2] });
    show(poll('a', { voted: true, choice: [2], people: 1, counts: [0, 0, 1] }));
    expect(button('Change my vote')).toBeUndefined();
    expect(root.textContent).toContain('You can change it');
    choose(0);
    press('Change my vote');
    expect(told('poll-vote')).toEqual({ poll: 'a', choice: [0] });
  });

  it('takes several answers where it asks for them', () => {
    show(poll('a', { multiple: true }));
    choose(2);
    choose(0);
    choose(1);
    choose(1);
    press('Vote');
    expect(told('poll-vote')).toEqual({ poll: 'a', choice: [0, 2] });
  });

  it('shows no results that are not told, and says why', () => {
    show(poll('a', { results: 'closed', people: 3 }));
    expect(root.querySelector('.poll-bar')).toBeNull();
    expect(root.textContent).toContain('You see the results at the end.');
    expect(root.textContent).toContain('3 people voted');
  });

  it('shows counts and shares', () => {
    show(poll('a', { people: 4, counts: [1, 3, 0] }));
    expect([...root.querySelectorAll('.poll-option-count')].map((one) => one.textContent)).toEqual(['1 vote, 1 · 25\u202f%', '3 votes, 3 · 75\u202f%', '0 votes, 0 · 0\u202f%']);
  });

  it('is not answered by who may not vote, nor after a final vote', () => {
    show(poll('a', { voted: true, final: true, people: 1 }));
    expect(root.querySelector('.poll-option input')).toBeNull();
    meeting.about.value = room('guest', []);
    show(poll('a'));
    expect(root.querySelector('.poll-option input')).toBeNull();
    expect(button('New poll')).toBeUndefined();
  });

  it('is opened, closed, shown and deleted by who may', () => {
    show(poll('a', { state: 'draft', manage: true, own: true }));
    press('Ask now');
    expect(told('poll-open')).toEqual({ poll: 'a' });
    show(poll('a', { manage: true, own: true, results: 'private', counts: [0, 0, 0] }));
    press('Close poll');
    press('Show results to everybody');
    press('Delete');
    expect(told('poll-delete')).toBeUndefined();
    press('Delete with all votes');
    expect([told('poll-close'), told('poll-share'), told('poll-delete')]).toEqual([{ poll: 'a' }, { poll: 'a' }, { poll: 'a' }]);
    show(poll('a'));
    expect(button('Close poll')).toBeUndefined();
  });
});

describe('the form', () => {
  it('asks with what was written, without empty answers', async () => {
    show();
    press('New poll');
    write(0, 'Lunch?');
    press('Ask now');
    expect(root.querySelector('[role=alert]')?.textContent).toContain('two different answers');
    write(1, 'Soup ');
    write(2, 'Salad');
    press('Add an answer');
    for (const input of root.querySelectorAll<HTMLInputElement>('.switch input')) act(() => input.click());
    act(() => root.querySelectorAll<HTMLInputElement>('.poll-sharing input')[2]?.click());
    press('Ask now');
    expect(told('poll-create')).toEqual({ question: 'Lunch?', options: ['Soup', 'Salad'], multiple: true, anonymous: true, results: 'private', open: true });
    await act(async () => {});
    expect(root.querySelector('form.poll-form')).toBeNull();
  });

  it('keeps a poll for later, and what was written when it is refused', async () => {
    show();
    press('New poll');
    ['Lunch?', 'Soup', 'Salad'].forEach((text, at) => write(at, text));
    meeting.refusal = new Error('no');
    press('Save for later');
    await act(async () => {});
    expect(told('poll-create')).toMatchObject({ open: false });
    expect(root.querySelector('form.poll-form')).not.toBeNull();
    expect(call.toasts.value).toHaveLength(1);
  });
});

describe('the notice', () => {
  it('tells once of a poll somebody else opens, and leads to it', () => {
    const stop = followPolls(call);
    meeting.topic('polls').value = { polls: samplePolls() };
    meeting.topic('polls').value = { polls: samplePolls() };
    expect(call.toasts.value.map((one) => one.text)).toEqual(['Bruno asks: Was this meeting worth the hour?']);
    call.toasts.value[0]?.action?.run();
    expect(call.panel.value).toBe('polls');
    meeting.topic('polls').value = { polls: [poll('new')] };
    expect(call.toasts.value).toHaveLength(1);
    stop();
  });
});

describe('the export', () => {
  it.each([
    ['Soup', 'Soup'], ['=1+1', "'=1+1"], [' @x', "' @x"], ['a "b", c', '"a ""b"", c"'], ['a\r\nb', '"a  b"'.replace(/"/g, '')], ['a\u202eb', 'ab'], [-3, '-3'],
  ])('writes %j as %j', (value, wanted) => expect(cell(value)).toBe(wanted));

  it('has a row for each answer, with who chose it', () => {
    const one = poll('a', { options: ['=Soup', 'Salad'], people: 2, counts: [2, 1] });
    const votes = [{ name: 'Ana', choice: [0] }, { name: 'Bo', choice: [0, 1] }];
    expect(table(one, votes).split('\r\n')).toEqual(['question,answer,votes,people,voters', "When shall we meet next?,'=Soup,2,2,\"Ana; Bo\"", 'When shall we meet next?,Salad,1,2,Bo', '']);
    expect(JSON.parse(json({ ...one, anonymous: true }, votes))).not.toHaveProperty('votes');
  });
});
