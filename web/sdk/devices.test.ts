import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LocalMedia } from './devices';
import { FakeStream, FakeTrack, settled } from './testing/fakes';

type Failure = { name: string; message?: string };

/** A machine with devices that can be taken away, kept busy or forbidden. */
class Machine extends EventTarget {
  devices = [
    { kind: 'audioinput', deviceId: 'mic1', label: 'Mic 1' },
    { kind: 'audioinput', deviceId: 'mic2', label: 'Mic 2' },
    { kind: 'videoinput', deviceId: 'cam1', label: 'Cam 1' },
    { kind: 'audiooutput', deviceId: 'out1', label: 'Out 1' },
  ];
  refuse: { audio?: Failure; video?: Failure } = {};
  asked: MediaStreamConstraints[] = [];

  getUserMedia = async (wish: MediaStreamConstraints): Promise<FakeStream> => {
    this.asked.push(wish);
    return new FakeStream((['audio', 'video'] as const).filter((k) => wish[k]).map((k) => this.open(k, wish[k])));
  };

  enumerateDevices = async (): Promise<unknown[]> => this.devices;

  getDisplayMedia = async (): Promise<FakeStream> => new FakeStream([new FakeTrack('video'), new FakeTrack('audio')]);

  private open(kind: 'audio' | 'video', wish: unknown): FakeTrack {
    const refused = this.refuse[kind];
    if (refused) throw Object.assign(new Error(refused.message ?? ''), { name: refused.name });
    const have = this.devices.filter((d) => d.kind === `${kind}input`);
    const { deviceId = {} } = (wish ?? {}) as { deviceId?: { exact?: string; ideal?: string } };
    const found = have.find((d) => d.deviceId === (deviceId.exact ?? deviceId.ideal));
    if (deviceId.exact && !found) throw Object.assign(new Error(), { name: 'OverconstrainedError' });
    if (have.length === 0) throw Object.assign(new Error(), { name: 'NotFoundError' });
    return new FakeTrack(kind, (found ?? have[0]!).deviceId);
  }
}

let machine: Machine;
let kept: Map<string, string>;
let local: LocalMedia;

const storage = { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v) };
const fake = (track: MediaStreamTrack | null): FakeTrack => track as unknown as FakeTrack;

beforeEach(() => {
  machine = new Machine();
  kept = new Map();
  vi.stubGlobal('MediaStream', FakeStream);
  vi.stubGlobal('navigator', { mediaDevices: machine });
  local = new LocalMedia({ storage });
});

afterEach(() => {
  local.close();
  vi.unstubAllGlobals();
});

describe('starting', () => {
  test('asks one question for both', async () => {
    await local.start();
    expect(machine.asked).toHaveLength(1);
    expect(local.microphone.value).toMatchObject({ on: true, pending: false, error: null, deviceId: 'mic1' });
    expect(local.camera.value).toMatchObject({ on: true, error: null, deviceId: 'cam1' });
    expect(local.preview.value?.getVideoTracks()).toEqual([local.camera.value.track]);
    expect(local.devices.value.microphones.map((d) => d.label)).toEqual(['Mic 1', 'Mic 2']);
  });

  test.each([
    ['NotAllowedError', 'denied'],
    ['NotReadableError', 'busy'],
    ['NotFoundError', 'none'],
    ['SecurityError', 'system'],
  ])('a camera that gives %s leaves the microphone', async (name, error) => {
    machine.refuse.video = { name };
    await local.start();
    expect(local.camera.value).toMatchObject({ on: false, pending: false, track: null, error });
    expect(local.microphone.value).toMatchObject({ on: true, error: null });
  });

  test('works with no devices at all', async () => {
    machine.devices = [];
    await local.start();
    expect(local.microphone.value).toMatchObject({ on: false, error: 'none' });
    expect(local.camera.value).toMatchObject({ on: false, error: 'none' });
    expect(local.level.value).toBe(0);
  });

  test('works where the page may not ask', async () => {
    vi.stubGlobal('navigator', {});
    const bare = new LocalMedia({ storage: null });
    await bare.start();
    expect(bare.microphone.value).toMatchObject({ on: false, error: 'system' });
    expect(bare.canShareScreen).toBe(false);
    bare.close();
  });

  test('opens what was on the last time only', async () => {
    await local.start();
    await local.setCamera(false);
    const next = new LocalMedia({ storage });
    await next.start();
    expect(next.camera.value.on).toBe(false);
    expect(next.microphone.value.on).toBe(true);
    next.close();
  });
});

describe('switching', () => {
  beforeEach(() => local.start());

  test('a muted microphone stays open for the meter, a camera goes dark', async () => {
    const { track: mic } = local.microphone.value;
    const { track: camera } = local.camera.value;
    await Promise.all([local.setMicrophone(false), local.setCamera(false)]);
    expect(local.microphone.value).toMatchObject({ on: false, track: mic });
    expect(fake(mic).readyState).toBe('live');
    expect(local.camera.value.track).toBeNull();
    expect(fake(camera).readyState).toBe('ended');
    await local.setMicrophone(true);
    expect(local.microphone.value.track).toBe(mic);
  });

  test('to and fro quickly ends where the person ended', async () => {
    await Promise.all([local.setCamera(false), local.setCamera(true), local.setCamera(false)]);
    expect(local.camera.value).toMatchObject({ on: false, track: null, pending: false });
  });

  test('a chosen device is used at once and the next time', async () => {
    const { track: before } = local.microphone.value;
    await local.chooseMicrophone('mic2');
    expect(local.microphone.value.deviceId).toBe('mic2');
    expect(fake(before).readyState).toBe('ended');
    const next = new LocalMedia({ storage });
    await next.start();
    expect(next.microphone.value.deviceId).toBe('mic2');
    next.close();
  });

  test('music is the same microphone opened anew, as it is, and never missed', async () => {
    await local.chooseMicrophone('mic2');
    const before = local.microphone.value.track;
    const tracks: unknown[] = [];
    const end = local.microphone.subscribe(({ track }) => void tracks.push(track));
    await local.setMusic(true);
    end();
    const { audio } = machine.asked.at(-1) as { audio: MediaTrackConstraints };
    expect(audio).toMatchObject({ echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 2 } });
    expect(audio.deviceId).toEqual({ exact: 'mic2' });
    expect(local.music.value).toBe(true);
    expect(local.microphone.value.track?.contentHint).toBe('music');
    expect(fake(before).readyState).toBe('ended');
    expect(tracks).not.toContain(null);
    await local.setMusic(false);
    expect((machine.asked.at(-1) as { audio: MediaTrackConstraints }).audio).toMatchObject({ echoCancellation: true });
    expect(local.microphone.value.track?.contentHint).toBe('speech');
  });

  test('music that cannot be had leaves the microphone as it was', async () => {
    const { track } = local.microphone.value;
    machine.refuse.audio = { name: 'OverconstrainedError' };
    await local.setMusic(true);
    expect(local.microphone.value).toMatchObject({ on: true, track, error: null });
    expect(fake(track).readyState).toBe('live');
  });

  test('music chosen while the microphone is closed is there when it opens', async () => {
    local.stop();
    await local.setMusic(true);
    const asked = (): unknown => machine.asked.at(-1)?.audio;
    await local.setMicrophone(true);
    expect(asked()).toMatchObject({ noiseSuppression: false });
    local.stop();
    await local.start();
    expect(machine.asked.at(-1)?.video).toBeTruthy();
    expect(asked()).toMatchObject({ noiseSuppression: false });
  });

  test('a speaker is remembered', () => {
    local.chooseSpeaker('out1');
    expect(new LocalMedia({ storage }).speakerId.value).toBe('out1');
  });
});

describe('plugging', () => {
  beforeEach(() => local.start());

  test('out falls back to another device', async () => {
    await local.chooseMicrophone('mic2');
    machine.devices = machine.devices.filter((d) => d.deviceId !== 'mic2');
    fake(local.microphone.value.track).unplug();
    await settled();
    expect(local.microphone.value).toMatchObject({ on: true, error: null, deviceId: 'mic1' });
  });

  test('the only one out and in again goes on', async () => {
    const camera = machine.devices.filter((d) => d.kind === 'videoinput');
    machine.devices = machine.devices.filter((d) => d.kind !== 'videoinput');
    fake(local.camera.value.track).unplug();
    await settled();
    expect(local.camera.value).toMatchObject({ on: false, track: null, error: 'none' });
    machine.devices.push(...camera);
    machine.dispatchEvent(new Event('devicechange'));
    await settled();
    expect(local.camera.value).toMatchObject({ on: true, error: null });
  });

  test('in opens nothing that was switched off', async () => {
    await local.setCamera(false);
    machine.dispatchEvent(new Event('devicechange'));
    await settled();
    expect(local.camera.value).toMatchObject({ on: false, track: null });
  });
});

describe('what a share is for', () => {
  const hint = (): string | undefined => local.screen.value.track?.contentHint;
  const rate = (): unknown => fake(local.screen.value.track).asked.at(-1)?.frameRate;

  test('is to be read, until it looks like a film', async () => {
    await local.shareScreen();
    expect([local.screenMode.value, hint(), rate()]).toEqual([{ chosen: 'auto', now: 'text' }, 'text', { ideal: 10, max: 10 }]);
    local.guessScreen('motion');
    expect([local.screenMode.value, hint(), rate()]).toEqual([{ chosen: 'auto', now: 'motion' }, 'motion', { ideal: 30, max: 30 }]);
  });

  test('is what the person says, whatever it looks like', async () => {
    await local.shareScreen();
    local.setScreenMode('motion');
    local.guessScreen('text');
    expect([local.screenMode.value, hint()]).toEqual([{ chosen: 'motion', now: 'motion' }, 'motion']);
    local.setScreenMode('auto');
    local.guessScreen('text');
    expect([local.screenMode.value, hint()]).toEqual([{ chosen: 'auto', now: 'text' }, 'text']);
  });

  test('said before sharing counts for the next one; a guess does not outlive its share', async () => {
    local.setScreenMode('motion');
    await local.shareScreen();
    expect(hint()).toBe('motion');
    local.setScreenMode('auto');
    await local.shareScreen();
    expect([local.screenMode.value.now, hint()]).toEqual(['text', 'text']);
  });

  test('is told to browsers that know letters only as detail', async () => {
    const old = new FakeTrack('video');
    let known = '';
    Object.defineProperty(old, 'contentHint', { get: () => known, set: (said: string) => (known = said === 'text' ? known : said) });
    machine.getDisplayMedia = async () => new FakeStream([old]);
    await local.shareScreen();
    expect(hint()).toBe('detail');
  });
});

describe('sharing', () => {
  test('ends when the browser ends it', async () => {
    expect(await local.shareScreen()).toBe('shared');
    expect(local.screenPreview.value).not.toBeNull();
    const { audio } = local.screen.value;
    fake(local.screen.value.track).unplug();
    expect(local.screen.value).toEqual({ on: false, track: null, audio: null, error: null });
    expect(fake(audio).readyState).toBe('ended');
  });

  test.each([
    ['NotAllowedError', 'Permission denied', 'cancelled'],
    ['NotAllowedError', 'Permission denied by system', 'denied'],
    ['NotReadableError', 'Could not start', 'denied'],
  ])('%s "%s" is %s and leaves a share under way', async (name, message, outcome) => {
    await local.shareScreen();
    const { track } = local.screen.value;
    machine.getDisplayMedia = () => Promise.reject(Object.assign(new Error(message), { name }));
    expect(await local.shareScreen()).toBe(outcome);
    expect(local.screen.value).toMatchObject({ on: true, track });
  });
});

test('a camera switched for this meeting alone is on again in the next', async () => {
  await local.start();
  await local.setCamera(false, false);
  expect(local.camera.value.on).toBe(false);
  const next = new LocalMedia({ storage });
  await next.start();
  expect(next.camera.value.on).toBe(true);
  next.close();
});

test.each(['{', '[]', '"x"', '{"microphone":7,"cameraOn":"yes"}'])('what others left in the storage does no harm: %s', async (text) => {
  kept.set('palabre.devices', text);
  const next = new LocalMedia({ storage });
  await next.start();
  expect(next.camera.value.on).toBe(true);
  next.close();
});
