/** Our own share with what the others draw on it: small in the notice, larger on a press. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { drawing as words } from '../../locales/drawing';
import { addTexts } from '../../locales/text';
import { CloseIcon } from '../call/icons';
import { useSize } from '../call/size';
import type { CallState } from '../call/state';
import { t } from '../language';
import { Video } from '../ui/Video';
import { drawingOf } from './drawing';
import type { Size } from './shape';
import { Surface } from './Surface';
import { Tools } from './Tools';
import '../styles/drawing.css';

addTexts(words);

const nothing: Size = { width: 0, height: 0 };

function Larger({ call, participant, picture, onClose }: { call: CallState; participant: string; picture: Size; onClose: () => void }) {
  const drawing = drawingOf(call);
  const box = useRef<HTMLDivElement>(null);
  const sheet = useRef<HTMLDivElement>(null);
  const size = useSize(box) ?? nothing;
  const canvas = drawing.canvasOf(participant);
  useEffect(() => {
    sheet.current?.focus({ preventScroll: true });
    return () => drawing.put();
  }, []);
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented || drawing.held.peek()) return;
    event.stopPropagation();
    onClose();
  };
  return (
    <div ref={sheet} class="own-share dark" role="dialog" aria-label={t('drawing.own')} tabIndex={-1} onKeyDown={key}>
      <header>
        <h2>{t('drawing.own')}</h2>
        <button type="button" class="round" aria-label={t('app.close')} onClick={onClose}><CloseIcon /></button>
      </header>
      <div class="own-share-picture" ref={box}>
        <Video stream={call.meeting.local.screenPreview.value} class="whole" />
        {canvas && size.width > 0 && <Surface drawing={drawing} canvas={canvas} picture={picture} box={size} />}
      </div>
      {canvas && <Tools drawing={drawing} canvas={canvas} />}
    </div>
  );
}

export function OwnShare({ call, picture }: { call: CallState; picture: Size }) {
  const drawing = drawingOf(call);
  const box = useRef<HTMLButtonElement>(null);
  const size = useSize(box) ?? nothing;
  const large = useSignal(false);
  useEffect(() => drawing.use(), []);
  const self = call.meeting.self.value?.id ?? '';
  const canvas = drawing.canvasOf(self);
  const close = () => {
    large.value = false;
    box.current?.focus();
  };
  return (
    <>
      <button ref={box} type="button" class="own-share-thumb" aria-label={t('drawing.see')} title={t('drawing.see')} aria-expanded={large.value} onClick={() => { large.value = !large.value; }}>
        {canvas && size.width > 0 && <Surface drawing={drawing} canvas={canvas} picture={picture} box={size} />}
      </button>
      {large.value && <Larger call={call} participant={self} picture={picture} onClose={close} />}
    </>
  );
}
