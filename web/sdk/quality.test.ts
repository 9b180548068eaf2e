/** What a meeting does about quality, from the server's words to the browser's parameters. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LocalMedia } from './devices';
import { Meeting } from './meeting';
import { hiddenFor } from './network';
import type { Resumed, Tile } from './protocol';
import { FakePeer, fakePeer, FakeSocket, fakeSocket, FakeStream, FakeTrack, settled, guestRoom, stubBrowser } from './testing/fakes';

const media = { microphone: false, camera: false, screen: false, screenAudio: false };
const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
let meeting: Meeting;

const socket = (): FakeSocket => FakeSocket.last;
const feed = (type: string, data: unknown): void => socket().feed({ type, data });
const lastLayout = (): Tile[] | undefined => socket().of('layout').at(-1)?.data.tiles;
const lines = (): FakePeer['lines'] => FakePeer.last.lines;

async function enter(): Promise<void> {
  meeting = new Meeting({ room: 'oak', url: 'ws://test/ws', local: new LocalMedia({ storage: null }), socket: fakeSocket, peer: fakePeer });
  meeting.open();
  socket().open();
  const relay = [{ urls: ['turn:one'], username: 'old', credential: 'old' }];
  feed('welcome', { participant: 'me', resume: 'r1', room: 'oak', role: 'guest', prepare: true, iceServers: relay, version: '1', preview: { count: 0, names: [] } });
  await settled();
  socket().reply('offer', { type: 'answer', data: { sdp: 'answer' } });
  await settled();
  FakePeer.last.become('connected');
  void meeting.join('Me');
  const participants = ['ana', 'me'].map((id) => ({ id, name: id, role: 'guest' as const, media, joined: 1 }));
  socket().reply('join', { type: 'joined', seq: 1, data: { participant: 'me', participants, chat: [], started: 1, resume: 'r2', about: guestRoom() } });
  await settled();
}

beforeEach(async () => {
  vi.useFakeTimers();
  stubBrowser();
  page.visibilityState = 'visible';
  vi.stubGlobal('document', page);
  const shared = new FakeTrack('video');
  const mediaDevices = Object.assign(new EventTarget(), {
    getUserMedia: async ({ audio }: MediaStreamConstraints) => new FakeStream([new FakeTrack(audio ? 'audio' : 'video')]),
    getDisplayMedia: async () => new FakeStream([shared]),
    enumerateDevices: async () => [],
  });
  vi.stubGlobal('navigator', { mediaDevices, userAgent: 'Test' });
  await enter();
});

afterEach(() => {
  meeting.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const ana: Tile = { participant: 'ana', source: 'camera', width: 640, height: 360 };
const screen: Tile = { participant: 'ana', source: 'screen', width: 1600, height: 900 };

describe('incoming pictures', () => {
  beforeEach(() => meeting.show([screen, ana]));

  test('turned off are asked for at size 0, and back at once', () => {
    meeting.setIncoming('screens');
    expect(lastLayout()).toEqual([screen, { ...ana, width: 0, height: 0 }]);
    expect(meeting.incoming.value).toBe('screens');
    meeting.setIncoming('all');
    expect(lastLayout()).toEqual([screen, ana]);
  });

  test('of a hidden page rest after a while, and are back the moment it shows', async () => {
    page.visibilityState = 'hidden';
    page.dispatchEvent(new Event('visibilitychange'));
    await vi.advanceTimersByTimeAsync(hiddenFor);
    expect(lastLayout()?.map((t) => t.width)).toEqual([320, 0]);
    page.visibilityState = 'visible';
    page.dispatchEvent(new Event('visibilitychange'));
    expect(lastLayout()).toEqual([screen, ana]);
  });
});

describe('audio only', () => {
  beforeEach(async () => {
    meeting.show([ana]);
    meeting.setIncoming('screens');
    await meeting.local.setCamera(true);
  });

  test('takes pictures away both ways and gives back what there was', async () => {
    meeting.setAudioOnly(true);
    expect([meeting.audioOnly.value, meeting.incoming.value, meeting.local.camera.value.on]).toEqual([true, 'none', false]);
    meeting.setAudioOnly(false);
    await settled();
    expect([meeting.audioOnly.value, meeting.incoming.value, meeting.local.camera.value.on]).toEqual([false, 'screens', true]);
  });

  test('is over when the person turns the camera or pictures on, and starts no camera that was off', async () => {
    await meeting.local.setCamera(false);
    meeting.setAudioOnly(true);
    meeting.setIncoming('all');
    expect(meeting.audioOnly.value).toBe(false);
    meeting.setAudioOnly(true);
    await meeting.local.setCamera(true);
    expect(meeting.audioOnly.value).toBe(false);
    await meeting.local.setCamera(false);
    meeting.setAudioOnly(true);
    meeting.setAudioOnly(false);
    expect(meeting.local.camera.value.on).toBe(false);
  });
});

describe('connections', () => {
  test('are as good as the server says, and the weak one in sight is told', () => {
    meeting.show([ana]);
    feed('quality', { people: [{ participant: 'me', up: 3, down: 3 }, { participant: 'ana', up: 1, down: 3 }] });
    expect(meeting.quality.value).toEqual({ me: { up: 3, down: 3 }, ana: { up: 1, down: 3 } });
    expect(meeting.link.value).toEqual({ whose: 'theirs', participant: 'ana', direction: 'up', bars: 1 });
  });

  test('without signalling are the server’s fault, without media ours', () => {
    FakePeer.last.become('disconnected');
    expect(meeting.link.value).toEqual({ whose: 'mine', bars: 0 });
    socket().cut();
    expect(meeting.link.value).toEqual({ whose: 'server', bars: 0 });
    expect(meeting.quality.value['me']).toEqual({ up: 0, down: 0 });
  });
});

describe('layers', () => {
  test('are encoded as large and as often as somebody shows them', async () => {
    await meeting.local.setCamera(true);
    (meeting.local.camera.value.track as unknown as FakeTrack).settings = { width: 1280, height: 720 };
    feed('layers', { source: 'camera', rids: ['q', 'f'], wishes: [{ rid: 'q', maxFramerate: 15 }, { rid: 'f', maxWidth: 853, maxHeight: 480 }] });
    await settled();
    expect(lines()[1]!.sender.encodings).toMatchObject([
      { rid: 'q', active: true, maxFramerate: 15 },
      { rid: 'h', active: false },
      { rid: 'f', active: true, scaleResolutionDownBy: 1.5 },
    ]);
  });
});

describe('a share', () => {
  /** A second of the screen's best layer. */
  let second = 0;
  const film = async (): Promise<void> => {
    second++;
    lines()[2]!.sender.rows = [
      { type: 'outbound-rtp', timestamp: second * 1000, framesEncoded: second * 10, bytesSent: second * 220_000, frameWidth: 1920, frameHeight: 1080 },
      { type: 'candidate-pair', availableOutgoingBitrate: 1_000_000 },
    ];
    await vi.advanceTimersByTimeAsync(1000);
  };

  beforeEach(async () => {
    await meeting.local.shareScreen();
    await vi.dynamicImportSettled();
    await settled();
  });

  test('is sent to be read, with what a narrow line takes', async () => {
    const { sender } = lines()[2]!;
    expect(sender.degradation).toBe('maintain-resolution');
    expect(socket().of('media').at(-1)?.data).toEqual({ ...media, screen: true });
    await film();
    expect(sender.encodings[1]!.maxBitrate).toBeLessThan(800_000);
    meeting.local.stopScreen();
    await settled();
    expect(sender.encodings[1]!.maxBitrate).toBe(1_800_000);
  });

  test('that turns out to be a film is sent as one, and the server is told, without an exchange', async () => {
    for (let i = 0; i < 6; i++) await film();
    const { sender } = lines()[2]!;
    expect(meeting.local.screenMode.value).toEqual({ chosen: 'auto', now: 'motion' });
    expect([sender.degradation, sender.encodings[1]!.maxFramerate]).toEqual(['balanced', 30]);
    expect(socket().of('media').at(-1)?.data).toEqual({ ...media, screen: true, motion: true });
    expect(socket().of('offer')).toHaveLength(1);
  });

  test('the person has called a text stays one', async () => {
    meeting.local.setScreenMode('text');
    for (let i = 0; i < 6; i++) await film();
    expect(meeting.local.screenMode.value.now).toBe('text');
    expect(socket().of('media')).toHaveLength(1);
  });
});

test('fresh credentials for the relay come with a resume', async () => {
  socket().cut();
  await vi.advanceTimersByTimeAsync(0);
  socket().open();
  const iceServers = [{ urls: ['turn:one'], username: 'new', credential: 'new' }];
  feed('resumed', { participant: 'me', resume: 'r3', media: true, fresh: false, iceServers } satisfies Resumed);
  expect(FakePeer.last.configuration.iceServers).toEqual(iceServers);
  feed('media-lost', { reason: 'gone' });
  expect(FakePeer.all).toHaveLength(2);
  expect(FakePeer.last.configuration.iceServers).toEqual(iceServers);
});

test('a report is text without names', async () => {
  const reported = meeting.report();
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(1000);
  const text = await reported;
  expect(text).toContain('phase joined, 2 people');
  expect(text).not.toContain('ana');
  expect(text).not.toContain('oak');
});

test.each([
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)', 5, true],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)', 5, true], // an iPad says so
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)', 0, false],
  ['Mozilla/5.0 (X11; Linux x86_64)', 0, false],
])('%s with %i fingers is iOS: %s', async (userAgent, maxTouchPoints, yes) => {
  vi.stubGlobal('navigator', { userAgent, maxTouchPoints });
  const { onIOS } = await import('./outgoing');
  expect(onIOS()).toBe(yes);
});
