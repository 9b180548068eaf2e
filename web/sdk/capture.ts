/** The kinds of device we take in. */
export type Kind = 'audio' | 'video';

/** What one device is asked for. */
export interface Wish {
  kind: Kind;
  /** '' is any. */
  deviceId: string;
  /** That very device, or none. */
  strict: boolean;
  /** Sound as it is, in stereo. */
  music?: boolean;
}

/** How long a device another program is just letting go of is waited for, in milliseconds. */
const letGo = 400;

const voice: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const music: MediaTrackConstraints = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 2 } };
const picture: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, max: 30 },
};

function constraints(wish: Wish): MediaTrackConstraints {
  const { kind, deviceId, strict } = wish;
  const plain = kind === 'video' ? picture : wish.music ? music : voice;
  if (deviceId) return { ...plain, deviceId: strict ? { exact: deviceId } : { ideal: deviceId } };
  return kind === 'video' ? { ...plain, facingMode: { ideal: 'user' } } : { ...plain };
}

/** capture opens one device. Rejects with what the browser says. */
export async function capture(wish: Wish): Promise<MediaStreamTrack> {
  const { kind, strict } = wish;
  try {
    return await open(kind, constraints(wish));
  } catch (error) {
    switch ((error as { name?: string }).name) {
      case 'NotReadableError':
        await new Promise((done) => setTimeout(done, letGo));
        return open(kind, constraints(wish));
      case 'OverconstrainedError':
        if (strict) throw error; // that very device was asked for
        return open(kind, true);
      default:
        throw error;
    }
  }
}

/** captureBoth opens microphone and camera with one question to the person. */
export async function captureBoth(microphone: string, camera: string, music: boolean): Promise<Record<Kind, MediaStreamTrack | undefined>> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: constraints({ kind: 'audio', deviceId: microphone, strict: false, music }),
    video: constraints({ kind: 'video', deviceId: camera, strict: false }),
  });
  return { audio: stream.getAudioTracks()[0], video: stream.getVideoTracks()[0] };
}

async function open(kind: Kind, wish: MediaTrackConstraints | true): Promise<MediaStreamTrack> {
  const stream = await navigator.mediaDevices.getUserMedia({ [kind]: wish });
  const track = stream.getTracks()[0];
  if (!track) throw new DOMException('the browser gave a stream without a track', 'NotFoundError');
  return track;
}
