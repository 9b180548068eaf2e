import { useComputed } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { Participant, Picture } from '../../sdk';
import { MicOffIcon } from '../icons';
import { HandIcon, OfflineIcon, PinIcon, ScreenIcon, UnpinIcon } from './icons';
import { t } from '../language';
import { preferences } from '../preferences';
import { Avatar } from '../ui/Avatar';
import { Video } from '../ui/Video';
import type { CallState } from './state';
import type { Placed } from './tiles';

/** The name under a picture: "Ana (you)", "Ana’s screen". */
function caption({ person, source, role }: Pick<Placed, 'person' | 'source'> & { role?: Placed['role'] }): string {
  if (role === 'float') return t('chat.you');
  if (source === 'screen') return person.self ? t('stage.yourScreen') : t('stage.screenOf', { name: person.name });
  return person.self ? t('stage.you', { name: person.name }) : person.name;
}

/** True when something lasted longer than a second: then it is worth a word. */
function useLasting(now: boolean): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!now) {
      setLasting(false);
      return undefined;
    }
    const late = setTimeout(() => setLasting(true), 1000);
    return () => clearTimeout(late);
  }, [now]);
  return now && lasting;
}

function sends(person: Participant, source: 'camera' | 'screen'): boolean {
  return source === 'screen' ? person.media.screen : person.media.camera;
}

function Words({ person, picture, wanted }: { person: Participant; picture: Picture; wanted: boolean }) {
  const late = useLasting(wanted && !picture.stream);
  const slow = useLasting(wanted && picture.paused === 'bandwidth');
  if (person.away) return <p class="tile-words"><OfflineIcon size={18} />{t('stage.awayShort')}</p>;
  if (slow) return <p class="tile-words brief" title={t('stage.bandwidth')}><OfflineIcon size={16} /><span>{t('stage.bandwidth')}</span></p>;
  if (late) return <p class="tile-words">{t('stage.loading')}</p>;
  return null;
}

function NamePlate({ tile, hand }: { tile: Placed; hand: number }) {
  const muted = tile.source === 'camera' && !tile.person.media.microphone;
  return (
    <div class="tile-plate">
      {hand > 0 && <span class="tile-hand"><HandIcon size={16} /><span>{hand}</span></span>}
      <span class="tile-name">
        {muted && <span class="tile-muted"><MicOffIcon size={15} /></span>}
        {tile.source === 'screen' && <ScreenIcon size={15} />}
        <span class="tile-name-text">{caption(tile)}</span>
      </span>
    </div>
  );
}

function describe(tile: Placed, hand: number): string {
  const parts = [caption(tile)];
  if (tile.source === 'camera' && !tile.person.media.microphone) parts.push(t('stage.muted'));
  if (hand > 0) parts.push(t('stage.hand', { n: hand }));
  if (tile.person.away) parts.push(t('stage.away'));
  return parts.join(', ');
}

interface Props { tile: Placed; call: CallState; onPortrait: (key: string, portrait: boolean) => void }

/** One picture on the stage, with its name at the edge. */
export function Tile({ tile, call, onPortrait }: Props) {
  const { person, source, rect, key } = tile;
  const picture = call.meeting.stream(person.id, source).value;
  const speaking = useComputed(() => call.meeting.speakers.value.speaking.includes(person.id)).value && source === 'camera' && person.media.microphone;
  const hand = source === 'camera' ? call.hands.value.indexOf(person.id) + 1 : 0;
  const wanted = sends(person, source);
  const [tall, setTall] = useState(false);
  const pinned = call.pinned.value === key;
  const size = (width: number, height: number) => {
    setTall(height > width);
    onPortrait(key, height > width);
  };
  const mirrored = person.self && source === 'camera' && preferences.mirror.value;
  const whole = source === 'screen' || (tall && rect.width > rect.height * 1.1);
  return (
    <div
      class={`tile ${tile.role}`} role="group" aria-label={describe(tile, hand)}
      data-participant={person.id} data-name={person.name} data-source={source}
      data-speaking={speaking ? 'true' : 'false'} data-self={person.self || undefined} data-away={person.away || undefined}
      style={{ left: `${rect.x}px`, top: `${rect.y}px`, width: `${rect.width}px`, height: `${rect.height}px` }}
    >
      {!(wanted && picture.stream) && <Avatar name={person.name} class="tile-avatar" />}
      {wanted && <Video stream={picture.stream} onSize={size} class={`${whole ? 'whole' : ''}${mirrored ? ' mirrored' : ''}`} />}
      <Words person={person} picture={picture} wanted={wanted} />
      <NamePlate tile={tile} hand={hand} />
      {tile.role !== 'float' && (
        <button
          type="button" class="tile-pin" aria-label={t(pinned ? 'stage.unpin' : 'stage.pin', { name: caption(tile) })}
          data-pinned={pinned || undefined} onClick={() => call.togglePin(key)}
        >{pinned ? <UnpinIcon size={20} /> : <PinIcon size={20} />}</button>
      )}
    </div>
  );
}
