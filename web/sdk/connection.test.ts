import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Connection, patience } from './connection';
import { screen } from './encodings';
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

  test('asks for three frame rates in every layer, and names a priority once', () => {
    const [q, ...others] = peer().lines[1]!.init.sendEncodings as (RTCRtpEncodingParameters & { scalabilityMode?: string })[];
    expect([q, ...others].map((e) => e?.scalabilityMode)).toEqual(['L1T3', 'L1T3', 'L1T3']);
    expect(q?.priority).toBe('low');
    expect(others.some((e) => 'priority' in e)).toBe(false);
  });

  test.each([
    ['three frame rates', (e: object) => 'scalabilityMode' in e && e.scalabilityMode === 'L1T3', 3, 'L1T2'],
    ['scalability modes', (e: object) => 'scalabilityMode' in e, 3, undefined],
    ['layers', () => true, undefined, undefined],
  ])('does with less where the browser refuses %s', (_, refuses, layers, mode) => {
    class Old extends FakePeer {
      override addTransceiver(kind: 'audio' | 'video', init: RTCRtpTransceiverInit): ReturnType<FakePeer['addTransceiver']> {
        if (kind === 'video' && init.sendEncodings?.some(refuses)) throw new DOMException('no', 'NotSupportedError');
        return super.addTransceiver(kind, init);
      }
    }
    const options = { iceServers: [], room: { seats: 4, stages: 1 }, negotiate: answer, reachable: () => true, changed: () => {}, stuck: () => {} };
    new Connection({ ...options, peer: (c) => new Old(c) as unknown as RTCPeerConnection }).close();
    const { sendEncodings } = peer().lines[1]!.init;
    expect(sendEncodings?.length).toBe(layers);
    expect((sendEncodings?.[2] as { scalabilityMode?: string } | undefined)?.scalabilityMode).toBe(mode);
  });

  test('has words sent twice where the browser can, but not music; and takes both', () => {
    const [microphone, , , screenAudio, heard] = peer().lines;
    expect(microphone!.codecs).toEqual(['audio/red', 'audio/opus']);
    expect(screenAudio!.codecs).toEqual(['audio/opus']);
    expect(heard!.codecs).toEqual(['audio/opus', 'audio/red']);
  });

  test('has the dependency descriptor, also where the browser would leave it out', () => {
    const uri = 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension';
    const set: unknown[] = [];
    class Shy extends FakePeer {
      override addTransceiver(kind: 'audio' | 'video', init: RTCRtpTransceiverInit): ReturnType<FakePeer['addTransceiver']> {
        const all = [{ uri: 'other', direction: 'stopped' }, { uri, direction: 'stopped' }];
        return Object.assign(super.addTransceiver(kind, init), { getHeaderExtensionsToNegotiate: () => all, setHeaderExtensionsToNegotiate: (e: unknown) => set.push(e) });
      }
    }
    const options = { iceServers: [], room: { seats: 1, stages: 0 }, negotiate: answer, reachable: () => true, changed: () => {}, stuck: () => {} };
    new Connection({ ...options, peer: (c) => new Shy(c) as unknown as RTCPeerConnection }).close();
    expect(set).toHaveLength(3); // camera, screen and a seat
    expect(set[0]).toEqual([{ uri: 'other', direction: 'stopped' }, { uri, direction: 'sendrecv' }]);
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

  test('both sides noticing one loss is one restart, once mended', async () => {
    peer().become('failed');
    await settled();
    connection.restartICE();
    peer().become('connected');
    await vi.advanceTimersByTimeAsync(patience.restart * 2);
    expect(connection.iceRestarts).toBe(1);
  });

  test('a move just after a restart has one more, though nothing seems lost', async () => {
    connection.restartICE(true);
    await settled();
    connection.restartICE(true);
    connection.restartICE();
    await settled();
    expect(connection.iceRestarts).toBe(1);
    await vi.advanceTimersByTimeAsync(patience.restart);
    expect(connection.iceRestarts).toBe(2);
    await vi.advanceTimersByTimeAsync(patience.restart * 2);
    expect(connection.iceRestarts).toBe(2);
  });

  test('fresh credentials are there for the next exchange', () => {
    const iceServers = [{ urls: 'turns:relay.example:443', username: 'u', credential: 'c' }];
    connection.configure(iceServers);
    expect(peer().configuration).toEqual({ iceServers, bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require' });
    expect(offers).toHaveLength(1);
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

  test('a browser that refuses sizes still stops what nobody wants', async () => {
    const { sender } = peer().lines[1]!;
    sender.takes = (encodings) => encodings.every((e) => (e.scaleResolutionDownBy ?? 1) !== 1.5);
    const track = Object.assign(new FakeTrack('video'), { settings: { width: 1280, height: 720 } }) as unknown as MediaStreamTrack;
    connection.out.camera.send(track);
    connection.out.camera.want(['q', 'f'], [{ rid: 'f', maxWidth: 800, maxHeight: 450 }]);
    await settled();
    expect(sender.encodings.map((e) => e.active)).toEqual([true, false, true]);
  });

  test('a layer is as large as somebody shows it, and whole again at once', async () => {
    const track = Object.assign(new FakeTrack('video'), { settings: { width: 1280, height: 720 } }) as unknown as MediaStreamTrack;
    connection.out.camera.send(track);
    const top = (): number | undefined => peer().lines[1]!.sender.encodings[2]!.scaleResolutionDownBy;
    connection.out.camera.want(['q', 'h', 'f'], [{ rid: 'f', maxWidth: 800, maxHeight: 450 }]);
    await settled();
    expect(top()).toBe(1.5);
    connection.out.camera.want(['q', 'h', 'f']);
    await settled();
    expect(top()).toBe(1);
    const { changes } = peer().lines[1]!.sender;
    connection.out.camera.want(['q', 'h', 'f']);
    await settled();
    expect(peer().lines[1]!.sender.changes).toBe(changes);
  });

  test('a share turns from letters to film without an exchange', async () => {
    await connection.offer();
    const { sender } = peer().lines[2]!;
    connection.out.screen.send(new FakeTrack('video') as unknown as MediaStreamTrack);
    await settled();
    expect([sender.degradation, sender.encodings[1]!.maxFramerate]).toEqual(['maintain-resolution', 10]);
    connection.out.screen.treat(screen.motion);
    await settled();
    expect([sender.degradation, sender.encodings[1]!.maxFramerate]).toEqual(['balanced', 30]);
    expect(offers).toHaveLength(1);
  });

  test('music takes one exchange: no second copy, full rate, and stereo in the answer; and back', async () => {
    answer = async () => 'm=audio 9 x 111\r\na=mid:0\r\na=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n';
    await connection.offer();
    connection.tune(true);
    connection.tune(true);
    await vi.dynamicImportSettled();
    await settled();
    const [microphone] = peer().lines;
    expect(offers).toHaveLength(2);
    expect(microphone!.codecs[0]).toBe('audio/opus');
    expect(microphone!.sender.encodings[0]!.maxBitrate).toBe(192_000);
    expect(peer().answers[1]).toMatch(/useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=192000;usedtx=0/);
    connection.tune(false);
    await settled();
    expect(offers).toHaveLength(3);
    expect(microphone!.codecs[0]).toBe('audio/red');
    expect(microphone!.sender.encodings[0]!.maxBitrate).toBe(48_000);
    expect(peer().answers[2]).toMatch(/usedtx=1/);
  });

  test('music chosen before the first offer costs no exchange of its own', async () => {
    connection.tune(true);
    await settled();
    expect(offers).toHaveLength(0);
  });
});
