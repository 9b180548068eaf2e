import { useEffect, useState } from 'preact/hooks';
import { lobby } from '../../locales/lobby';
import { addTexts } from '../../locales/text';
import { t } from '../language';
import type { Session } from '../session';

addTexts(lobby);

const side = 240;

/** One picture of our camera as it is now, square and small, as base64; null when there is none. */
async function snapshot(stream: MediaStream): Promise<string | null> {
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = stream;
  await video.play();
  const edge = Math.min(video.videoWidth, video.videoHeight);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  canvas.getContext('2d')?.drawImage(video, (video.videoWidth - edge) / 2, (video.videoHeight - edge) / 2, edge, edge, 0, 0, side, side);
  video.srcObject = null;
  return edge > 0 ? (canvas.toDataURL('image/jpeg', 0.7).split(',')[1] ?? null) : null;
}

/** Who waits may show who they are: only when they say so, and once. */
export function ShowPicture({ meeting }: { meeting: Session }) {
  const [state, setState] = useState<'ready' | 'sent' | 'failed'>('ready');
  const stream = meeting.local.preview.value;
  useEffect(() => setState('ready'), [meeting]);
  if (!stream) return null;
  const send = async () => {
    const data = await snapshot(stream);
    if (data) await meeting.command('picture', { data });
    setState(data ? 'sent' : 'failed');
  };
  if (state !== 'ready') return <p class="hint" role="status">{t(state === 'sent' ? 'lobby.pictureSent' : 'lobby.pictureFailed')}</p>;
  return <button type="button" class="button" onClick={() => void send().catch(() => setState('failed'))}>{t('lobby.showPicture')}</button>;
}
