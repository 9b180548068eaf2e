import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Connection, patience } from './connection';
import { MeetingError } from './errors';
import type { Offer } from './protocol';
import { FakePeer, fakePeer, FakeTrack, settled, stubBrowser } from './testing/fakes';

let offers: Offer[];
let answer: (offer: Offer) => Promise<string>;
let reachable: boolean;
let states: string[];
let stuck: MeetingError[];
let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers();
  stubBrowser();
  offers = [];
  states = [];
  stuck = [];
  reachable = true;
  answer = async () => 'answer';
  connection = new Connection({
    iceServers: [],
    room: { seats: 4, stages: 1 },
    negotiate: (offer) => {
      offers.push(offer);
      return answer(offer);
    },
    reachable: () => reachable,
    changed: (state) => states.push(state),
    stuck: (error) => stuck.push(error),
    peer: fakePeer,
  });
});

afterEach(() => {
  connection.close();
  vi.useRealTimers();
});

const peer = (): FakePeer => FakePeer.last;

describe('the offer', () => {
  test('names every line by its mid, in the agreed order', async () => {
    await connection.offer();
    const { sdp, lines } = offers[0]!;
    expect(sdp).toBe('offer 1');
    expect(lines).toMatchObject({ microphone: '0', camera: '1', screen: '2', screenAudio: '3' });
    expect(lines.seats).toEqual([4, 6, 8, 10].map((n) => ({ audio: `${n}`, video: `${n + 1}` })));
    expect(lines.stages).toEqual([{ audio: '12', video: '13' }]);
    expect(lines.voices).toEqual(['14', '15', '16', '17', '18']);
    expect(peer().answers).toEqual(['answer']);
  });

  test('sends the camera in three layers and the screen in two', () => {
    const layers = (i: number): (string | undefined)[] => peer().lines[i]!.init.sendEncodings!.map((e) => e.rid);
    expect(layers(1)).toEqual(['q', 'h', 'f']);
    expect(layers(2)).toEqual(['q', 'f']);
  });

  test('goes without scalability modes where the browser refuses them', () => {
    class Old extends FakePeer {
      override addTransceiver(kind: 'audio' | 'video', init: RTCRtpTransceiverInit): ReturnType<FakePeer['addTransceiver']> {
        if (init.sendEncodings?.some((e) => 'scalabilityMode' in e)) throw new DOMException('no', 'NotSupportedError');
        return super.addTransceiver(kind, init);
      }
    }
    const options = { iceServers: [], room: { seats: 4, stages: 1 }, negotiate: answer, reachable: () => true, changed: () => {}, stuck: () => {} };
    new Connection({ ...options, peer: (c) => new Old(c) as unknown as RTCPeerConnection }).close();
    expect(peer().lines[1]!.init.sendEncodings).toHaveLength(3);
  });
});

describe('growth', () => {
  test('adds lines behind the others in one more exchange', async () => {
    await connection.offer();
    connection.grow({ seats: 9, stages: 1 });
    await settled();
    expect(offers).toHaveLength(2);
    expect(offers[1]!.lines.seats).toHaveLength(9);
    expect(offers[1]!.lines.seats.slice(0, 4)).toEqual(offers[0]!.lines.seats);
    connection.grow({ seats: 9, stages: 1 });
    await settled();
    expect(offers).toHaveLength(2);
  });

  test('waits for the exchange under way, and several wishes are one', async () => {
    let release!: (sdp: string) => void;
    answer = () => new Promise((done) => (release = done));
    void connection.offer();
    await settled();
    connection.grow({ seats: 9, stages: 1 });
    connection.grow({ seats: 16, stages: 2 });
    await settled();
    expect(offers).toHaveLength(1);
    answer = async () => 'second';
    release('first');
    await settled();
    expect(offers).toHaveLength(2);
    expect(offers[1]!.lines.seats).toHaveLength(16);
    expect(peer().answers).toEqual(['first', 'second']);
  });
});

describe('an exchange that fails', () => {
  test('for want of signalling goes on when that is back', async () => {
    answer = async () => Promise.reject(new MeetingError('unreachable', 'gone'));
    reachable = false;
    void connection.offer();
    await settled();
    await vi.advanceTimersByTimeAsync(patience.retry * 3);
    expect(offers).toHaveLength(1);
    answer = async () => 'answer';
    connection.signalled();
    await settled();
    expect(peer().answers).toEqual(['answer']);
    expect(stuck).toEqual([]);
  });

  test('because we were too quick is repeated when the server said', async () => {
    answer = async () => Promise.reject(new MeetingError('rate-limited', 'slow down', 700));
    void connection.offer();
    await vi.advanceTimersByTimeAsync(699);
    expect(offers).toHaveLength(1);
    answer = async () => 'answer';
    await vi.advanceTimersByTimeAsync(1);
    expect(offers).toHaveLength(2);
  });

  test('because the server refuses it is the end of this connection', async () => {
    answer = async () => Promise.reject(new MeetingError('bad-offer', 'no'));
    await connection.offer();
    expect(stuck).toMatchObject([{ code: 'bad-offer' }]);
  });
});

describe('health', () => {
  beforeEach(async () => {
    await connection.offer();
    peer().become('connected');
  });

  test('a short disconnection mends itself', async () => {
    peer().become('disconnected');
    await vi.advanceTimersByTimeAsync(patience.disconnected - 1);
    peer().become('connected');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states).toEqual(['connected', 'interrupted', 'connected']);
    expect(offers).toHaveLength(1);
  });

  test('a longer one restarts ICE once', async () => {
    peer().become('disconnected');
    await vi.advanceTimersByTimeAsync(patience.disconnected);
    connection.restartICE();
    await settled();
    expect(peer().offers.map((o) => o.iceRestart)).toEqual([false, true]);
    await vi.advanceTimersByTimeAsync(patience.restart);
    connection.restartICE();
    await settled();
    expect(connection.iceRestarts).toBe(2);
  });

  test('failure restarts ICE at once, and gives up when that finds no way', async () => {
    peer().become('failed');
    await settled();
    expect(peer().offers.at(-1)).toEqual({ iceRestart: true });
    await vi.advanceTimersByTimeAsync(patience.connect);
    expect(stuck).toMatchObject([{ code: 'media-blocked', retryable: true }]);
  });

  test('a failure of DTLS is beyond mending', () => {
    peer().become('failed', 'connected');
    expect(stuck).toMatchObject([{ code: 'media-blocked' }]);
  });

  test('a restart unanswered for want of signalling is asked for again', async () => {
    answer = async () => Promise.reject(new MeetingError('unreachable', 'gone'));
    reachable = false;
    peer().become('failed');
    await settled();
    answer = async () => 'answer';
    connection.signalled();
    await settled();
    expect(peer().offers.map((o) => o.iceRestart)).toEqual([false, true, true]);
  });
});

test('never connecting is told in time', async () => {
  await connection.offer();
  await vi.advanceTimersByTimeAsync(patience.connect);
  expect(stuck).toMatchObject([{ code: 'media-blocked' }]);
});

describe('sending', () => {
  test('puts tracks on lines in the order they were given', async () => {
    const [a, b] = [new FakeTrack('video'), new FakeTrack('video')] as unknown as MediaStreamTrack[];
    connection.out.camera.send(a!);
    connection.out.camera.send(null);
    connection.out.camera.send(b!);
    await settled();
    expect(peer().lines[1]!.sender.track).toBe(b);
  });

  test.each([
    [['q'], [true, false, false]],
    [['q', 'f'], [true, false, true]],
    [[], [false, false, false]],
  ])('encodes only the layers somebody wants: %j', async (rids, active) => {
    connection.out.camera.want(rids);
    await settled();
    expect(peer().lines[1]!.sender.encodings.map((e) => e.active)).toEqual(active);
  });

  test('a browser that sends one layer sends it while anybody wants any', async () => {
    peer().lines[1]!.sender.encodings = [{ active: true }];
    connection.out.camera.want(['h']);
    await settled();
    expect(peer().lines[1]!.sender.encodings).toMatchObject([{ active: true, scaleResolutionDownBy: 1 }]);
    connection.out.camera.want([]);
    await settled();
    expect(peer().lines[1]!.sender.encodings).toMatchObject([{ active: false }]);
  });
});
