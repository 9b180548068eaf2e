import { useState } from 'preact/hooks';
import { SoundIcon } from '../icons';
import { OfflineIcon } from './icons';
import { t } from '../language';
import { Video } from '../ui/Video';
import { IncomingNotice } from './Incoming';
import { Knocks } from './Knocks';
import { OwnShare } from './LazyDrawing';
import { LinkNotice } from './LinkNotice';
import { ShareMode, shareWords } from './ShareMode';
import { turnSoundOn } from './Sound';
import { later } from '../ui/later';
import type { CallState } from './state';

const BreakoutStrip = later<{ call: CallState }>(async () => (await import('./breakouts/Strip')).Strip, () => undefined).Part;

function Sharing({ call }: { call: CallState }) {
  const { local } = call.meeting;
  const [picture, setPicture] = useState({ width: 0, height: 0 });
  if (!local.screen.value.on) return null;
  return (
    <div class="notice sharing">
      <span class="sharing-thumb"><Video stream={local.screenPreview.value} onSize={(width, height) => setPicture({ width, height })} /><OwnShare call={call} picture={picture} /></span>
      <p id="sharing-words">{t('stage.sharing')}<small role="status">{shareWords(local)}</small></p>
      <ShareMode local={local} quiet />
      <button type="button" class="button small danger" aria-describedby="sharing-words" onClick={() => local.stopScreen()}>{t('word.stop')}</button>
    </div>
  );
}

/** What must be seen and stays until it is over. It stands above the stage and covers nobody. */
export function Notices({ call }: { call: CallState }) {
  const { meeting } = call;
  return (
    <div class="notices">
      {meeting.phase.value === 'reconnecting' && (
        <p class="notice warning" role="alert"><OfflineIcon size={20} />{t(meeting.link.value.whose === 'server' ? 'link.server' : 'stage.reconnecting')}</p>
      )}
      {call.soundBlocked.value && (
        <div class="notice" role="alert">
          <p>{t('stage.soundOff')}</p>
          <button type="button" class="button small primary" onClick={() => turnSoundOn(call)}><SoundIcon size={20} />{t('stage.soundOn')}</button>
        </div>
      )}
      {(meeting.topic('breakouts').value?.open || call.broadcast.value) && <BreakoutStrip call={call} />}
      <Knocks call={call} />
      <LinkNotice call={call} />
      <IncomingNotice call={call} />
      <Sharing call={call} />
    </div>
  );
}
