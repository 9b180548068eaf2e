import { useEffect, useRef } from 'preact/hooks';
import type { Session } from '../session';
import { wishesFor, type Placed } from './tiles';

const pause = 150;

/** Tells the server what is in sight, once a change of the layout has settled. */
export function useShow(meeting: Session, tiles: readonly Placed[]): void {
  const sent = useRef('');
  const wishes = wishesFor(tiles, window.devicePixelRatio || 1);
  const text = JSON.stringify(wishes);
  useEffect(() => {
    if (text === sent.current) return undefined;
    const later = setTimeout(() => {
      sent.current = text;
      meeting.show(wishes);
    }, sent.current === '' ? 0 : pause);
    return () => clearTimeout(later);
  }, [text]);
}
