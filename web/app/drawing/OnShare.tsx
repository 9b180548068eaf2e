/** Drawing over the picture of somebody's share on the stage. */
import { useEffect } from 'preact/hooks';
import { drawing as words } from '../../locales/drawing';
import { addTexts } from '../../locales/text';
import type { CallState } from '../call/state';
import { drawingOf } from './drawing';
import type { Size } from './shape';
import { Surface } from './Surface';
import { Tools } from './Tools';
import '../styles/drawing.css';

addTexts(words);

interface Props { call: CallState; participant: string; picture: Size; box: Size; small: boolean }

export function OnShare({ call, participant, picture, box, small }: Props) {
  const drawing = drawingOf(call);
  useEffect(() => drawing.use(), []);
  const canvas = drawing.canvasOf(participant);
  if (!canvas) return null;
  return (
    <>
      <Surface drawing={drawing} canvas={canvas} picture={picture} box={box} />
      {!small && <Tools drawing={drawing} canvas={canvas} />}
    </>
  );
}
