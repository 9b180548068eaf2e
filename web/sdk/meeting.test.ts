import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LocalMedia } from './devices';
import { MeetingError } from './errors';
import { Meeting } from './meeting';
import type { Participant, Welcome } from './protocol';
import { FakePeer, fakePeer, FakeSocket, fakeSocket, settled, guestRoom, stubBrowser } from './testing/fakes';

const silent = { microphone: false, camera: false, screen: false, screenAudio: false };
const person = (id: string, name = id): Participant => ({ id, name, role: 'guest', media: silent, joined: 1 });

let meeting: Meeting;

beforeEach(() => {
  vi.useFakeTimers();
  stubBrowser();
  meeting = new Meeting({ room: 'oak', url: 'ws://test/ws', local: new LocalMedia({ storage: null }), socket: fakeSocket, peer: fakePeer });
  meeting.open();
});

afterEach(() => {
  meeting.close();
  vi.useRealTimers();
});

const socket = (): FakeSocket => FakeSocket.last;

async function door(more: Partial<Welcome> = {}): Promise<void> {
  socket().open();
  const data: Welcome = {
    ...{ participant: 'me', resume: 'r1', room: 'oak', role: 'guest', prepare: true, iceServers: [], version: '0' },
    ...{ preview: { count: 1, names: ['Ana'] }, about: guestRoom(), ...more },
  };
  socket().feed({ type: 'welcome', data });
  await settled();
}

async function answered(): Promise<void> {
  socket().reply('offer', { type: 'answer', data: { sdp: 'answer' } });
  await settled();
  FakePeer.last.become('connected');
}

let seq = 0;
async function joined(people = [person('ana'), person('me')]): Promise<void> {
  const data = { participant: 'me', participants: people, chat: [], started: 1, resume: 'r2', about: guestRoom() };
  socket().reply('join', { type: 'joined', seq: ++seq, data });
  await settled();
}

async function inside(): Promise<void> {
  seq = 0;
  await door();
  await answered();
  void meeting.join('Me');
  await joined();
}

async function back(data: { media: boolean; fresh: boolean }): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  socket().open();
  socket().feed({ type: 'resumed', data: { participant: 'me', resume: 'r3', ...data } });
  await settled();
}

describe('at the door', () => {
  test('media is ready before anybody joins, and sends nothing', async () => {
    expect([meeting.phase.value, meeting.step.value]).toEqual(['connecting', 'signalling']);
    await door();
    expect([meeting.phase.value, meeting.step.value]).toEqual(['door', 'securing']);
    expect(meeting.preview.value).toEqual({ count: 1, names: ['Ana'] });
    await answered();
    expect(meeting.step.value).toBe('ready');
    expect(FakePeer.last.lines.every((l) => l.sender.track === null)).toBe(true);
  });

  test('a room with a lobby is not asked for media', async () => {
    await door({ prepare: false });
    expect(FakePeer.all).toHaveLength(0);
    expect([meeting.phase.value, meeting.step.value]).toEqual(['door', 'ready']);
  });

  test('a name fixed by the token is known', async () => {
    await door({ name: 'Ana Fixed', role: 'host' });
    expect(meeting.fixedName.value).toBe('Ana Fixed');
    expect(meeting.self.value).toEqual({ id: 'me', name: 'Ana Fixed', role: 'host' });
  });

  test('a room that refuses us says why', async () => {
    socket().open();
    const join = expect(meeting.join('Me')).rejects.toMatchObject({ code: 'forbidden' });
    socket().feed({ type: 'error', data: { code: 'forbidden', message: 'no' } });
    await join;
    expect(meeting.failure.value).toMatchObject({ code: 'forbidden', retryable: false });
    expect(meeting.phase.value).toBe('connecting');
  });
});

describe('joining', () => {
  test('pressed before the server answers happens when it does', async () => {
    const join = meeting.join('Me');
    expect(meeting.phase.value).toBe('joining');
    await door();
    expect(socket().of('join')).toMatchObject([{ data: { name: 'Me', media: silent } }]);
    await joined();
    await join;
    expect(meeting.phase.value).toBe('joined');
    expect(meeting.participants.value.map((p) => [p.id, p.self])).toEqual([
      ['ana', false],
      ['me', true],
    ]);
  });

  test('waits for a host, then makes the media', async () => {
    await door({ prepare: false });
    const join = meeting.join('Me');
    socket().reply('join', { type: 'waiting', seq: 1 });
    await settled();
    expect(meeting.phase.value).toBe('waiting');
    expect(FakePeer.all).toHaveLength(0);
    socket().feed({ type: 'joined', seq: 2, data: { participant: 'me', participants: [person('me')], chat: [], started: 1, resume: 'r2', about: guestRoom() } });
    await join;
    expect(meeting.phase.value).toBe('joined');
    expect(FakePeer.all).toHaveLength(1);
  });

  test('denied ends the meeting', async () => {
    await door({ prepare: false });
    const join = expect(meeting.join('Me')).rejects.toMatchObject({ code: 'forbidden' });
    socket().feed({ type: 'closed', seq: 1, data: { reason: 'denied' } });
    await join;
    expect(meeting.ended.value).toEqual({ reason: 'denied', duration: 0 });
  });

  test('refused leaves us at the door to try again', async () => {
    await door();
    const full = expect(meeting.join('Me')).rejects.toMatchObject({ code: 'room-full' });
    socket().reply('join', { type: 'error', data: { code: 'room-full', message: 'full' } });
    await full;
    expect(meeting.phase.value).toBe('door');
    void meeting.join('Me');
    await joined();
    expect(meeting.phase.value).toBe('joined');
  });
});

describe('in the room', () => {
  beforeEach(inside);

  test('people come, change and go', () => {
    socket().feed({ type: 'participant', seq: 2, data: person('bob') });
    socket().feed({ type: 'participant', seq: 3, data: { ...person('ana', 'Anna'), hand: 5 } });
    socket().feed({ type: 'speakers', data: { speaking: ['bob', 'ana'], dominant: 'bob' } });
    expect(meeting.participants.value.map((p) => p.name)).toEqual(['Anna', 'me', 'bob']);
    socket().feed({ type: 'left', seq: 4, data: { participant: 'bob', reason: 'left' } });
    expect(meeting.participants.value.map((p) => p.name)).toEqual(['Anna', 'me']);
    expect(meeting.speakers.value).toEqual({ speaking: ['ana'] });
  });

  test('knocks come and go', () => {
    socket().feed({ type: 'knock', seq: 2, data: { participant: 'x', name: 'Xi' } });
    socket().feed({ type: 'knock', seq: 3, data: { participant: 'x', name: 'Xi' } });
    expect(meeting.knocks.value).toHaveLength(1);
    socket().feed({ type: 'knock', seq: 4, data: { participant: 'x', name: 'Xi', gone: true } });
    expect(meeting.knocks.value).toEqual([]);
  });

  test('our own line shows at once and once', () => {
    meeting.say('hello');
    expect(meeting.chat.value).toMatchObject([{ text: 'hello', mine: true, state: 'sending' }]);
    const { nonce } = socket().of('chat')[0]!.data;
    socket().reply('chat', { type: 'chat', seq: 2, data: { id: 'l1', participant: 'me', name: 'Me', text: 'hello', at: 5, nonce } });
    expect(meeting.chat.value).toEqual([{ id: 'l1', participant: 'me', name: 'Me', text: 'hello', at: 5, mine: true, state: 'sent' }]);
  });

  test('a refused line says so', async () => {
    meeting.say('x'.repeat(9000));
    socket().reply('chat', { type: 'error', data: { code: 'too-large', message: 'long' } });
    await settled();
    expect(meeting.chat.value).toMatchObject([{ state: 'failed' }]);
  });

  test('a command that fails is no failure of the meeting', async () => {
    const said = meeting.admit('nobody').catch((error: MeetingError) => error.code);
    socket().reply('admit', { type: 'error', data: { code: 'not-found', message: 'gone' } });
    expect(await said).toBe('not-found');
    expect(meeting.failure.value).toBeNull();
  });

  test('an offer the server refuses is tried again with a new connection', async () => {
    meeting.show(Array.from({ length: 6 }, (_, i) => ({ participant: `p${i}`, source: 'camera' as const, width: 1, height: 1 })));
    await settled();
    socket().reply('offer', { type: 'error', data: { code: 'bad-offer', message: 'no' } });
    await settled();
    expect(meeting.failure.value).toMatchObject({ code: 'media-blocked', retryable: true });
    expect(meeting.phase.value).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(500);
    await answered();
    expect(FakePeer.all).toHaveLength(2);
    expect([meeting.phase.value, meeting.failure.value]).toEqual(['joined', null]);
  });

  test('what is shown is told once, and grows the seats', async () => {
    const tiles = Array.from({ length: 6 }, (_, i) => ({ participant: `p${i}`, source: 'camera' as const, width: 320, height: 180 }));
    meeting.show([{ participant: 'me', source: 'camera', width: 1, height: 1 }, ...tiles]);
    meeting.show(tiles);
    await vi.advanceTimersByTimeAsync(500);
    expect(socket().of('layout')).toEqual([{ type: 'layout', data: { mode: 'tiles', tiles } }]);
    expect(socket().of('offer').at(-1)?.data.lines.seats).toHaveLength(9);
  });

  test('a flurry of layouts is two messages, the last one last', async () => {
    for (let i = 1; i <= 20; i++) meeting.show([{ participant: 'ana', source: 'camera', width: i, height: i }]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(socket().of('layout').map((m) => m.data.tiles?.[0]?.width)).toEqual([1, 20]);
  });

  test('leaving says so and ends', async () => {
    await vi.advanceTimersByTimeAsync(5000);
    meeting.leave();
    expect(socket().of('leave')).toHaveLength(1);
    expect(meeting.ended.value).toEqual({ reason: 'left', duration: 5000 });
    expect(meeting.phase.value).toBe('ended');
    expect(FakePeer.last.connectionState).toBe('closed');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(FakeSocket.all).toHaveLength(1);
  });

  test('being replaced ends too, and is not fought', async () => {
    socket().feed({ type: 'closed', seq: 2, data: { reason: 'replaced' } });
    socket().cut(1000);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(meeting.ended.value?.reason).toBe('replaced');
    expect(FakeSocket.all).toHaveLength(1);
  });

  test('figures are a plain object', async () => {
    Object.assign(FakePeer.last, { getStats: async () => new Map() });
    const stats = await meeting.stats();
    expect(JSON.parse(JSON.stringify(stats))).toMatchObject({ room: 'oak', phase: 'joined', self: 'me', sdpExchanges: 1, recoveries: { rebuilds: 0 } });
    expect(stats.seats).toHaveLength(4 + 1 + 5);
    expect(stats.participants.map((p) => p.id)).toEqual(['ana', 'me']);
  });
});

describe('coming back', () => {
  beforeEach(inside);

  test('in time keeps people, media and what was said meanwhile', async () => {
    socket().cut();
    expect(meeting.phase.value).toBe('reconnecting');
    expect(meeting.participants.value).toHaveLength(2);
    meeting.say('are you there?');
    await back({ media: true, fresh: false });
    expect(meeting.phase.value).toBe('joined');
    expect(socket().of('join')).toEqual([]);
    expect(socket().of('offer')).toEqual([]);
    expect(socket().of('media')).toHaveLength(1);
    expect(socket().of('chat')).toMatchObject([{ data: { text: 'are you there?' } }]);
    expect(FakePeer.all).toHaveLength(1);
  });

  test('to a server that lost our media makes a new connection', async () => {
    socket().cut();
    await back({ media: false, fresh: false });
    expect(FakePeer.all).toHaveLength(2);
    expect(socket().of('offer')).toHaveLength(1);
    expect(meeting.phase.value).toBe('reconnecting');
    // The old word of that loss is repeated, and must not cost another one.
    socket().feed({ type: 'media-lost', seq: 2, data: { reason: 'old' } });
    expect(FakePeer.all).toHaveLength(2);
    await answered();
    expect(meeting.phase.value).toBe('joined');
  });

  test('to a restarted server goes back in under the same name', async () => {
    meeting.show([{ participant: 'ana', source: 'camera', width: 10, height: 10 }]);
    socket().feed({ type: 'restarting', seq: 2, data: { after: 1500 } });
    socket().cut(1012);
    await vi.advanceTimersByTimeAsync(1500);
    await back({ media: false, fresh: true });
    expect(meeting.phase.value).toBe('reconnecting');
    expect(socket().of('join')).toMatchObject([{ data: { name: 'Me' } }]);
    expect(socket().of('offer')).toHaveLength(1);
    expect(socket().of('media')).toEqual([]);
    seq = 0;
    await joined([person('me')]);
    await answered();
    expect(meeting.phase.value).toBe('joined');
    expect(meeting.participants.value).toHaveLength(1);
    expect(socket().of('layout')).toHaveLength(1);
  });

  test('too late goes in as somebody new', async () => {
    socket().cut();
    await vi.advanceTimersByTimeAsync(0);
    socket().open();
    socket().feed({ type: 'error', data: { code: 'resume-failed', message: 'late' } });
    await door({ participant: 'me2' });
    expect(socket().of('join')).toMatchObject([{ data: { name: 'Me' } }]);
    expect(FakePeer.all).toHaveLength(2);
    await joined([person('me')]);
    await answered();
    expect(meeting.phase.value).toBe('joined');
  });

  test('while the server still drains tries again until let in', async () => {
    socket().cut();
    await back({ media: false, fresh: true });
    socket().reply('join', { type: 'error', data: { code: 'unavailable', message: 'draining' } });
    await vi.advanceTimersByTimeAsync(1000);
    expect(socket().of('join')).toHaveLength(2);
  });

  test('media alone interrupted is shown and mended', async () => {
    FakePeer.last.become('failed');
    expect(meeting.phase.value).toBe('reconnecting');
    await settled();
    expect(FakePeer.last.offers.at(-1)?.iceRestart).toBe(true);
    FakePeer.last.become('connected');
    expect(meeting.phase.value).toBe('joined');
  });

  test('media lost for good is made anew', async () => {
    socket().feed({ type: 'media-lost', seq: 2, data: { reason: 'dtls' } });
    expect(FakePeer.all).toHaveLength(2);
    await settled();
    expect(socket().of('offer')).toHaveLength(2);
  });
});

test('a join cut in the middle is asked again when not repeated', async () => {
  await door();
  void meeting.join('Me');
  socket().cut();
  await back({ media: true, fresh: false });
  expect(socket().of('join')).toEqual([]);
  await vi.advanceTimersByTimeAsync(500);
  expect(socket().of('join')).toHaveLength(1);
});

test('without WebRTC there is a clear word', () => {
  const old = new Meeting({ room: 'oak', url: 'ws://test/ws', local: new LocalMedia({ storage: null }), socket: fakeSocket });
  old.open();
  expect(old.failure.value).toMatchObject({ code: 'unsupported', retryable: false });
  old.close();
});
