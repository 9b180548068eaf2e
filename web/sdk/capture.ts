/** The kinds of device we take in. */
export type Kind = 'audio' | 'video';

/** How long a device another program is just letting go of is waited for, in milliseconds. */
const letGo = 400;

const voice: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const picture: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 30, max: 30 },
};

/** constraints asks for a kind, for one device when named, strictly or if it is there. */
function constraints(kind: Kind, deviceId: string, strict: boolean): MediaTrackConstraints {
  const wish = kind === 'audio' ? voice : picture;
  if (deviceId) return { ...wish, deviceId: strict ? { exact: deviceId } : { ideal: deviceId } };
  return kind === 'video' ? { ...wish, facingMode: { ideal: 'user' } } : { ...wish };
}

/** capture opens one device. Rejects with what the browser says. */
export async function capture(kind: Kind, deviceId: string, strict: boolean): Promise<MediaStreamTrack> {
  try {
    return await open(kind, constraints(kind, deviceId, strict));
  } catch (error) {
    switch ((error as { name?: string }).name) {
      case 'NotReadableError':
        await new Promise((done) => setTimeout(done, letGo));
        return open(kind, constraints(kind, deviceId, strict));
      case 'OverconstrainedError':
        if (strict) throw error; // that very device was asked for
        return open(kind, true);
      default:
        throw error;
    }
  }
}

/** captureBoth opens microphone and camera with one question to the person. */
export async function captureBoth(microphone: string, camera: string): Promise<Record<Kind, MediaStreamTrack | undefined>> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: constraints('audio', microphone, false),
    video: constraints('video', camera, false),
  });
  return { audio: stream.getAudioTracks()[0], video: stream.getVideoTracks()[0] };
}

async function open(kind: Kind, wish: MediaTrackConstraints | true): Promise<MediaStreamTrack> {
  const stream = await navigator.mediaDevices.getUserMedia({ [kind]: wish });
  const track = stream.getTracks()[0];
  if (!track) throw new DOMException('the browser gave a stream without a track', 'NotFoundError');
  return track;
}
