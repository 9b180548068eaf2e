// @vitest-environment happy-dom
import { render } from 'preact';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Link } from '../../../sdk/protocol';
import { Password } from '../../states/Password';
import { dropOwner, keepOwner, keepPassword, ownerToken, typedPassword } from '../../ownership';
import '../../states/end';
import { FakeMeeting, room } from '../../testing/fake';
import { CallState } from '../state';
import type { Session } from '../../session';
import { addressOf, givable, open } from './links';
import { Links } from './Links';

const now = Date.now();
const link = (more: Partial<Link> = {}): Link => ({ id: 'l1', role: 'guest', created: now, expires: now + 3_600_000, ...more });

let root: HTMLElement;
beforeEach(() => { root = document.body.appendChild(document.createElement('div')); });
afterEach(() => { render(null, root); root.remove(); localStorage.clear(); sessionStorage.clear(); });

function show(meeting: FakeMeeting): void {
  render(<Links call={new CallState(meeting as unknown as Session)} />, root);
}
const button = (text: string) => [...root.querySelectorAll('button')].find((one) => one.textContent?.includes(text));

describe('who invites', () => {
  it('gives no role above their own', () => {
    expect(givable('member')).toEqual(['guest', 'member']);
    expect(givable('owner')).toEqual(['guest', 'member', 'co-host']);
    expect(givable('viewer')).toEqual([]);
  });
  it('puts the token behind the #, where no server sees it', () => expect(new URL(addressOf('tea', 'a.b.c')).hash).toBe('#token=a.b.c'));
  it('knows which links are over', () => {
    expect([link(), link({ revoked: now }), link({ once: true, used: now }), link({ used: now }), link({ expires: now - 1 })].map((one) => open(one)))
      .toEqual([true, false, false, true, false]);
  });
});

describe('the dialog of links', () => {
  it('makes a link, shows it once and lists it', async () => {
    const meeting = new FakeMeeting('tea');
    meeting.answers.set('link-list', { type: 'links', data: { links: [link({ id: 'l0', name: 'Bo', once: true, used: now })] } });
    meeting.answers.set('link-create', { type: 'link', data: link({ id: 'l2', token: 'a.b.c' }) });
    show(meeting);
    await vi.waitFor(() => expect(root.querySelectorAll('.links-list li')).toHaveLength(1));
    expect(button('Take back')).toBeUndefined();
    button('Make the link')?.click();
    await vi.waitFor(() => expect(root.querySelector<HTMLInputElement>('#personal-link')?.value).toContain('/r/tea#token=a.b.c'));
    expect(meeting.told.at(-1)).toMatchObject(['link-create', { role: 'guest', once: false }]);
    expect(root.querySelectorAll('.links-list li')).toHaveLength(2);
  });
  it('takes a link back', async () => {
    const meeting = new FakeMeeting('tea');
    meeting.answers.set('link-list', { type: 'links', data: { links: [link({ name: 'Bo' })] } });
    meeting.answers.set('link-revoke', { type: 'link', data: link({ name: 'Bo', revoked: now }) });
    show(meeting);
    await vi.waitFor(() => expect(button('Take back')).toBeDefined());
    button('Take back')?.click();
    await vi.waitFor(() => expect(root.querySelector('.links-list')?.textContent).toContain('taken back'));
    expect(meeting.told.at(-1)).toEqual(['link-revoke', { link: 'l1' }]);
  });
  it('tells owners that the room is theirs, and nobody else', () => {
    const meeting = new FakeMeeting('tea');
    show(meeting);
    expect(root.textContent).not.toContain('You own this room');
    meeting.about.value = room('owner', ['invite']);
    show(meeting);
    expect(root.textContent).toContain('You own this room');
  });
});

describe('the password of a room', () => {
  it('is asked for, and said to be wrong', async () => {
    const said = vi.fn();
    const failure = { code: 'password-needed', message: '', retryable: false } as const;
    render(<Password room="tea" failure={failure} onPassword={said} onHome={() => undefined} />, root);
    expect(root.querySelector('h1')?.textContent).toBe('This meeting has a password');
    const field = root.querySelector('input');
    if (field) field.value = 'open sesame';
    field?.dispatchEvent(new Event('input', { bubbles: true }));
    await vi.waitFor(() => { button('Continue')?.click(); expect(said).toHaveBeenCalledWith('open sesame'); });
    render(null, root);
    render(<Password room="tea" failure={{ ...failure, code: 'password-wrong' }} onPassword={said} onHome={() => undefined} />, root);
    expect(root.querySelector('[role=alert]')?.textContent).toContain('not the password');
  });
  it('is kept for this tab alone', () => {
    keepPassword('tea', 'open sesame');
    expect([typedPassword('tea'), typedPassword('coffee')]).toEqual(['open sesame', undefined]);
    expect(JSON.stringify(localStorage)).not.toContain('sesame');
    keepPassword('tea', null);
    expect(typedPassword('tea')).toBeUndefined();
  });
});

describe('rooms started in this browser', () => {
  it('are known by their token, the newest thirty', () => {
    for (let i = 0; i < 40; i++) keepOwner(`room-${i}`, `token-${i}`);
    expect([ownerToken('room-39'), ownerToken('room-10'), ownerToken('room-9')]).toEqual(['token-39', 'token-10', undefined]);
    dropOwner('room-39');
    expect(ownerToken('room-39')).toBeUndefined();
  });
});
