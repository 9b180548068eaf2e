import { CameraIcon, CameraOffIcon, MicIcon, MicOffIcon } from '../icons';
import { t } from '../language';
import { preferences } from '../preferences';
import type { Local } from '../session';
import { Avatar } from '../ui/Avatar';
import { Meter } from '../ui/Meter';
import { Video } from '../ui/Video';

function Toggles({ local }: { local: Local }) {
  const mic = local.microphone.value;
  const cam = local.camera.value;
  return (
    <div class="own-toggles dark">
      <button
        type="button" class="control" data-off={!mic.on || undefined} disabled={mic.pending}
        aria-label={t(mic.on ? 'bar.mute' : 'bar.unmute')} title={t(mic.on ? 'bar.mute' : 'bar.unmute')}
        onClick={() => void local.setMicrophone(!mic.on)}
      >{mic.on ? <MicIcon /> : <MicOffIcon />}</button>
      <button
        type="button" class="control" data-off={!cam.on || undefined} disabled={cam.pending}
        aria-label={t(cam.on ? 'bar.cameraOff' : 'bar.cameraOn')} title={t(cam.on ? 'bar.cameraOff' : 'bar.cameraOn')}
        onClick={() => void local.setCamera(!cam.on)}
      >{cam.on ? <CameraIcon /> : <CameraOffIcon />}</button>
    </div>
  );
}

/** Who only watches has no picture: it says so in its place. */
export function NoPicture({ name }: { name: string }) {
  return <div class="own"><div class="own-picture dark"><div class="own-words">{name.trim() && <Avatar name={name} />}<p>{t('door.viewer')}</p></div></div></div>;
}

/** Words in place of the picture: what the browser asks, or that the camera is off. */
function Instead({ local, name }: { local: Local; name: string }) {
  const asking = local.microphone.value.pending || local.camera.value.pending;
  if (asking && !local.preview.value) return <p class="own-words">{t('door.asking')}</p>;
  return (
    <div class="own-words">
      {name.trim() && <Avatar name={name} />}
      <p>{t('door.cameraOff')}</p>
    </div>
  );
}

/** Oneself, as in a mirror, with the meter of the microphone under it. */
export function OwnPicture({ local, name }: { local: Local; name: string }) {
  const stream = local.camera.value.on ? local.preview.value : null;
  return (
    <div class="own">
      <div class="own-picture dark">
        {stream ? <Video stream={stream} class={preferences.mirror.value ? 'mirrored' : ''} label={t('door.preview')} /> : <Instead local={local} name={name} />}
        <Toggles local={local} />
      </div>
      <Meter level={local.level} />
    </div>
  );
}
