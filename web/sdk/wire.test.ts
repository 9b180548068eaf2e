import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { MeetingError } from './errors';
import type { ServerMessage } from './protocol';
import { FakeSocket as Socket, fakeSocket } from './testing/fakes';
import { limits, Wire, type Listener } from './wire';

const welcome = { type: 'welcome', data: { participant: 'p1', resume: 'r1', room: 'x', role: 'guest', prepare: true } };

class Heard implements Listener {
  log: string[] = [];
  messages: ServerMessage[] = [];
  errors: MeetingError[] = [];
  welcome = (): void => void this.log.push('welcome');
  resumed = (r: { fresh: boolean }): void => void this.log.push(r.fresh ? 'fresh' : 'resumed');
  message = (m: ServerMessage): void => void this.messages.push(m);
  lost = (): void => void this.log.push('lost');
  trouble = (e: MeetingError): void => void (this.log.push('trouble'), this.errors.push(e));
  refused = (e: MeetingError): void => void (this.log.push('refused'), this.errors.push(e));
}

let heard: Heard;
let wire: Wire;

beforeEach(() => {
  vi.useFakeTimers();
  Socket.all = [];
  heard = new Heard();
  wire = new Wire({
    url: 'ws://test/ws',
    hello: () => ({ room: 'x' }),
    listener: heard,
    socket: fakeSocket,
    random: () => 0.5, // no spread
  });
  wire.start();
});

afterEach(() => {
  wire.stop();
  vi.useRealTimers();
});

function enter(): void {
  Socket.last.open();
  Socket.last.feed(welcome);
}

describe('hello', () => {
  test('names the sub-protocol and the room, and resumes nothing at first', () => {
    Socket.last.open();
    expect(Socket.last.protocol).toBe('palabre.v1');
    expect(Socket.last.sent).toEqual([{ type: 'hello', data: { room: 'x' } }]);
    expect(wire.open).toBe(false);
    Socket.last.feed(welcome);
    expect(wire.open).toBe(true);
    expect(wire.link.value.state).toBe('open');
  });

  test('unanswered is given up and tried again', async () => {
    Socket.last.open();
    await vi.advanceTimersByTimeAsync(limits.hello + 1);
    expect(Socket.all).toHaveLength(2);
    expect(Socket.all[0]!.closed).toBe(true);
  });

  test.each(['forbidden', 'unauthorized', 'room-full'] as const)('refused with %s ends it', async (code) => {
    Socket.last.open();
    Socket.last.feed({ type: 'error', data: { code, message: 'no' } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(heard.log).toEqual(['refused']);
    expect(heard.errors[0]).toMatchObject({ code, retryable: false });
    expect(Socket.all).toHaveLength(1);
  });

  test('unavailable is tried again, not before the server said', async () => {
    Socket.last.open();
    Socket.last.feed({ type: 'error', data: { code: 'unavailable', message: 'draining', retryAfter: 5000 } });
    await vi.advanceTimersByTimeAsync(4999);
    expect(Socket.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(Socket.all).toHaveLength(2);
    expect(heard.log).toEqual(['trouble']);
  });

  test('that cannot resume starts a new session at once', () => {
    enter();
    Socket.last.cut();
    vi.advanceTimersByTime(0);
    Socket.last.open();
    Socket.last.feed({ type: 'error', data: { code: 'resume-failed', message: 'too late' } });
    expect(Socket.all).toHaveLength(2);
    expect(Socket.last.sent.at(-1)).toEqual({ type: 'hello', data: { room: 'x' } });
    Socket.last.feed(welcome);
    expect(heard.log).toEqual(['welcome', 'lost', 'welcome']);
  });
});

describe('sequence numbers', () => {
  test('are told when resuming, and what was seen is not heard twice', () => {
    enter();
    Socket.last.feed({ type: 'left', seq: 1, data: { participant: 'a', reason: 'left' } });
    Socket.last.feed({ type: 'left', seq: 2, data: { participant: 'b', reason: 'left' } });
    Socket.last.feed({ type: 'speakers', data: { speaking: [] } });
    Socket.last.cut();
    vi.advanceTimersByTime(0);
    Socket.last.open();
    expect(Socket.last.sent).toEqual([{ type: 'hello', data: { room: 'x', resume: 'r1', lastSeq: 2 } }]);
    Socket.last.feed({ type: 'resumed', data: { participant: 'p1', resume: 'r2', media: true, fresh: false } });
    Socket.last.feed({ type: 'left', seq: 2, data: { participant: 'b', reason: 'left' } });
    Socket.last.feed({ type: 'left', seq: 3, data: { participant: 'c', reason: 'left' } });
    expect(heard.messages.map((m) => m.seq)).toEqual([1, 2, undefined, 3]);
    expect(heard.log).toEqual(['welcome', 'lost', 'resumed']);
  });

  test('go with the token joining gave', () => {
    enter();
    Socket.last.feed({ type: 'joined', seq: 1, data: { participant: 'p1', participants: [], chat: [], started: 1, resume: 'let-in' } });
    Socket.last.cut();
    vi.advanceTimersByTime(0);
    Socket.last.open();
    expect(Socket.last.sent).toEqual([{ type: 'hello', data: { room: 'x', resume: 'let-in', lastSeq: 1 } }]);
  });

  test('start again after a restart of the server', () => {
    enter();
    Socket.last.feed({ type: 'left', seq: 9, data: { participant: 'a', reason: 'left' } });
    Socket.last.cut();
    vi.advanceTimersByTime(0);
    Socket.last.open();
    Socket.last.feed({ type: 'resumed', data: { participant: 'p1', resume: 'r2', media: false, fresh: true } });
    Socket.last.feed({ type: 'left', seq: 1, data: { participant: 'b', reason: 'left' } });
    expect(heard.messages).toHaveLength(2);
  });
});

describe('coming back', () => {
  test('waits 0, 0.3, 1, 2, 4, 8, 8 s', async () => {
    const gaps: number[] = [];
    for (let i = 0; i < 7; i++) {
      const before = Date.now();
      const n = Socket.all.length;
      Socket.last.cut();
      while (Socket.all.length === n) await vi.advanceTimersByTimeAsync(50);
      gaps.push(Date.now() - before);
    }
    expect(gaps.map((g) => Math.max(0, g - 50))).toEqual([0, 250, 950, 1950, 3950, 7950, 7950]);
    expect(heard.errors.at(-1)).toMatchObject({ code: 'unreachable', retryable: true });
  });

  test('starts afresh once the connection has proved good', async () => {
    enter();
    Socket.last.cut();
    await vi.advanceTimersByTimeAsync(0);
    Socket.last.cut();
    await vi.advanceTimersByTimeAsync(300);
    Socket.last.open();
    Socket.last.feed({ type: 'resumed', data: { participant: 'p1', resume: 'r2', media: true, fresh: false } });
    Socket.last.feed({ type: 'pong' });
    Socket.last.cut();
    await vi.advanceTimersByTimeAsync(0);
    expect(Socket.all).toHaveLength(4);
  });

  test('honours the time a restarting server asks for, even when nudged', async () => {
    enter();
    Socket.last.feed({ type: 'restarting', seq: 1, data: { after: 2500 } });
    Socket.last.cut(1012);
    wire.nudge();
    await vi.advanceTimersByTimeAsync(2499);
    expect(Socket.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(Socket.all).toHaveLength(2);
  });

  test('does not wait when the network is back', async () => {
    for (let i = 0; i < 5; i++) {
      Socket.last.cut();
      await vi.advanceTimersByTimeAsync(i < 4 ? 4000 : 0);
    }
    expect(wire.link.value.state).toBe('waiting');
    const n = Socket.all.length;
    wire.nudge();
    expect(Socket.all).toHaveLength(n + 1);
  });
});

test('a session taken over elsewhere is not fought for', async () => {
  enter();
  Socket.last.cut(4001);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Socket.all).toHaveLength(1);
  expect(heard.messages).toEqual([{ type: 'closed', data: { reason: 'replaced' } }]);
});

describe('liveness', () => {
  test('pings and stays while answered', async () => {
    enter();
    const socket = Socket.last;
    for (let i = 0; i < 6; i++) {
      await vi.advanceTimersByTimeAsync(limits.ping);
      socket.feed({ type: 'pong' });
    }
    expect(socket.sent.filter((m) => m.type === 'ping')).toHaveLength(6);
    expect(Socket.all).toHaveLength(1);
  });

  test('silence of 12 s is death', async () => {
    enter();
    await vi.advanceTimersByTimeAsync(limits.silence - 1);
    expect(heard.log).toEqual(['welcome']);
    await vi.advanceTimersByTimeAsync(2);
    expect(heard.log).toEqual(['welcome', 'lost']);
    expect(Socket.all).toHaveLength(2);
  });

  test('a page that slept asks before it gives the connection up', async () => {
    enter();
    const socket = Socket.last;
    vi.setSystemTime(Date.now() + 60_000);
    await vi.advanceTimersByTimeAsync(limits.silence);
    expect(socket.of('ping').length).toBeGreaterThan(0);
    socket.feed({ type: 'pong' });
    await vi.advanceTimersByTimeAsync(limits.probe + 1);
    expect(heard.log).toEqual(['welcome']);
  });

  test('a nudge finds a dead connection in 3 s', async () => {
    enter();
    wire.nudge();
    await vi.advanceTimersByTimeAsync(limits.probe + 1);
    expect(heard.log).toEqual(['welcome', 'lost']);
  });
});

describe('requests', () => {
  test('get their reply, their error, or word that the connection went', async () => {
    enter();
    const yes = wire.request('offer', { sdp: 'v=0', lines: { seats: [], stages: [], voices: [] } });
    const no = wire.request('rename', { name: '' });
    const never = wire.request('join', { name: 'A', media: { microphone: false, camera: false, screen: false, screenAudio: false } });
    Socket.last.feed({ type: 'answer', seq: 1, re: 1, data: { sdp: 'a' } });
    Socket.last.feed({ type: 'error', re: 2, data: { code: 'bad-message', message: 'empty name' } });
    await expect(yes).resolves.toMatchObject({ type: 'answer' });
    await expect(no).rejects.toMatchObject({ code: 'bad-message' });
    Socket.last.cut();
    await expect(never).rejects.toMatchObject({ code: 'unreachable', retryable: true });
    await expect(wire.request('leave', undefined)).rejects.toMatchObject({ code: 'unreachable' });
    expect(wire.send('hand', { raised: true })).toBe(false);
  });

  test('time out', async () => {
    enter();
    const late = expect(wire.request('leave', undefined)).rejects.toMatchObject({ code: 'unreachable' });
    for (let t = 0; t <= limits.reply; t += 2500) {
      await vi.advanceTimersByTimeAsync(2500);
      Socket.last.feed({ type: 'pong' });
    }
    await late;
  });
});

test('frames that are no messages are skipped', () => {
  enter();
  for (const junk of ['', '{', 'null', '[]', '42', '{"a":1}']) Socket.last.feed(junk);
  Socket.last.onmessage?.({ data: new ArrayBuffer(2) });
  expect(heard.messages).toEqual([]);
  expect(wire.open).toBe(true);
});
