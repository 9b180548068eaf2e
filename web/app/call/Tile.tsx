import { useComputed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Bars as Count, Participant, Picture, PictureSource } from '../../sdk';
import { CameraOffIcon, MicOffIcon } from '../icons';
import { HandIcon, OfflineIcon, PinIcon, ScreenIcon, UnpinIcon } from './icons';
import { t, type PlainKey } from '../language';
import { preferences } from '../preferences';
import { Avatar } from '../ui/Avatar';
import { Video } from '../ui/Video';
import { Bars } from './Bars';
import { offByYou } from './Incoming';
import { OnShare } from './LazyDrawing';
import { barsOf } from './quality';
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

/** Why a picture that exists is not sent to us, as far as a person can do something with it. */
const reasons: Readonly<Record<string, { word: PlainKey; icon: ComponentChildren }>> = {
  bandwidth: { word: 'stage.bandwidth', icon: <OfflineIcon size={16} /> },
  codec: { word: 'stage.codec', icon: <CameraOffIcon size={16} /> },
};

/** A sentence at the edge of a tile; on small tiles its icon alone is seen. */
function Brief({ icon, word }: { icon: ComponentChildren; word: PlainKey }) {
  return <p class="tile-words brief" title={t(word)}>{icon}<span>{t(word)}</span></p>;
}

/** A screen is there to be read: where none is wanted, it says how to have it after all. */
function ScreenOff({ onScreens }: { onScreens: () => void }) {
  return (
    <div class="tile-words brief below">
      <CameraOffIcon size={16} /><span>{t('incoming.byYou')}</span>
      <button type="button" class="text-button" onClick={onScreens}>{t('incoming.showScreens')}</button>
    </div>
  );
}

interface WordsProps { person: Participant; picture: Picture; source: PictureSource; off: boolean; seen: boolean; onScreens: () => void }

/** Why there is no picture, or only an old one. */
function Words({ person, picture, source, off, seen, onScreens }: WordsProps) {
  const wanted = sends(person, source) && !off;
  const reason = reasons[picture.paused ?? ''];
  const late = useLasting(wanted && (!picture.stream || (!seen && !picture.paused)));
  const paused = useLasting(wanted && reason !== undefined);
  if (person.away) return <p class="tile-words"><OfflineIcon size={18} />{t('stage.awayShort')}</p>;
  if (off && source === 'screen') return <ScreenOff onScreens={onScreens} />;
  if (off) return <Brief icon={<CameraOffIcon size={16} />} word="incoming.byYou" />;
  if (paused && reason) return <Brief {...reason} />;
  if (late) return <p class="tile-words">{t('stage.loading')}</p>;
  return null;
}

function NamePlate({ tile, hand, bars }: { tile: Placed; hand: number; bars: Count | undefined }) {
  const muted = tile.source === 'camera' && !tile.person.media.microphone;
  return (
    <div class="tile-plate">
      {hand > 0 && <span class="tile-hand"><HandIcon size={16} /><span>{hand}</span></span>}
      <span class="tile-name">
        {muted && <span class="tile-muted"><MicOffIcon size={15} /></span>}
        {tile.source === 'screen' && <ScreenIcon size={15} />}
        <span class="tile-name-text">{caption(tile)}</span>
      </span>
      {bars !== undefined && <Bars bars={bars} class="tile-bars" />}
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
  const off = sends(person, source) && offByYou(call.meeting.incoming.value, source, person.self);
  const wanted = sends(person, source) && !off;
  const bars = source === 'camera' ? barsOf(call.meeting.quality.value, person) : undefined;
  const [shape, setShape] = useState({ width: 0, height: 0 });
  const tall = shape.height > shape.width;
  // A stream is there before its first frame.
  const [seen, setSeen] = useState(false);
  useEffect(() => { if (!picture.stream || !wanted) setSeen(false); }, [picture.stream, wanted]);
  const pinned = call.pinned.value === key;
  const size = (width: number, height: number) => {
    setShape({ width, height });
    setSeen(width > 0);
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
      {!(wanted && picture.stream && seen) && <Avatar name={person.name} class="tile-avatar" />}
      {wanted && <Video stream={picture.stream} onSize={size} class={`${whole ? 'whole' : ''}${mirrored ? ' mirrored' : ''}`} />}
      {source === 'screen' && wanted && seen && (
        <OnShare call={call} participant={person.id} picture={shape} box={rect} small={tile.role !== 'focus'} />
      )}
      <Words person={person} picture={picture} source={source} off={off} seen={seen} onScreens={() => call.meeting.setIncoming('screens')} />
      <NamePlate tile={tile} hand={hand} bars={bars} />
      {tile.role !== 'float' && (
        <button
          type="button" class="tile-pin" aria-label={t(pinned ? 'stage.unpin' : 'stage.pin', { name: caption(tile) })}
          data-pinned={pinned || undefined} onClick={() => call.togglePin(key)}
        >{pinned ? <UnpinIcon size={20} /> : <PinIcon size={20} />}</button>
      )}
    </div>
  );
}
