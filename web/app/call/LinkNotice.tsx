import { useEffect, useState } from 'preact/hooks';
import { t } from '../language';
import { announce } from '../ui/announce';
import { Bars } from './Bars';
import { CloseIcon } from './icons';
import { remedy, sentence, type Remedy } from './quality';
import type { CallState } from './state';

/** How long an own link is poor before the page offers to help, in milliseconds. */
export const stays = 10_000;

/** The remedy, once it was the same for a while. */
function useRemedy(now: Remedy | null): Remedy | null {
  const [offered, setOffered] = useState<Remedy | null>(null);
  useEffect(() => {
    if (!now) {
      setOffered(null);
      return undefined;
    }
    const later = setTimeout(() => setOffered(now), stays);
    return () => clearTimeout(later);
  }, [now]);
  return now && offered ? now : null;
}

function Help({ call: { meeting }, offered }: { call: CallState; offered: Remedy }) {
  if (offered === 'audio') return <button type="button" class="button small" onClick={() => meeting.setAudioOnly(true)}>{t('audio.name')}</button>;
  return <button type="button" class="button small" onClick={() => meeting.setIncoming('screens')}>{t('incoming.off')}</button>;
}

/** One sentence that says whose connection is weak, until it is not or the reader has had enough of it. */
export function LinkNotice({ call }: { call: CallState }) {
  const { meeting } = call;
  const link = meeting.link.value;
  const name = meeting.participants.value.find((person) => person.id === link.participant)?.name ?? '';
  const { camera, screen } = meeting.local;
  const words = meeting.phase.value === 'joined' ? sentence(link, name, camera.value.on || screen.value.on) : '';
  const offered = useRemedy(words ? remedy(link, { incoming: meeting.incoming.value, audioOnly: meeting.audioOnly.value, camera: camera.value.on }) : null);
  const [closed, setClosed] = useState('');
  useEffect(() => {
    if (words) announce(words);
    else setClosed('');
  }, [words]);
  if (!words || closed === words) return null;
  return (
    <div class="notice slim link">
      <Bars bars={link.bars} />
      <p>{words}</p>
      {offered && <Help call={call} offered={offered} />}
      <button type="button" class="round" aria-label={t('app.close')} onClick={() => setClosed(words)}><CloseIcon size={18} /></button>
    </div>
  );
}
