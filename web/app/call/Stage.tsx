import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { LeftIcon, RightIcon } from './icons';
import { t } from '../language';
import { preferences } from '../preferences';
import { Alone } from './Alone';
import type { Size } from './layout';
import { useSize } from './size';
import { useShow } from './show';
import type { CallState } from './state';
import { Tile } from './Tile';
import { compose, type Scene } from './tiles';

const nowhere: Size = { width: 0, height: 0 };

function Pages({ call, scene }: { call: CallState; scene: Scene }) {
  if (scene.pages < 2) return null;
  const page = Math.min(call.page.value, scene.pages - 1);
  const turn = (step: number) => { call.page.value = Math.max(0, Math.min(scene.pages - 1, page + step)); };
  return (
    <nav class="pages" aria-label={t('stage.page', { page: page + 1, pages: scene.pages })}>
      <button type="button" class="round" aria-label={t('stage.previous')} disabled={page === 0} onClick={() => turn(-1)}><LeftIcon /></button>
      <span>{page + 1}/{scene.pages}</span>
      <button type="button" class="round" aria-label={t('stage.next')} disabled={page === scene.pages - 1} onClick={() => turn(1)}><RightIcon /></button>
    </nav>
  );
}

/** Everybody in their order; those at the door's end come last, whoever speaks stays put. */
function useScene(call: CallState, area: Size, portrait: ReadonlySet<string>, floor: string | null): Scene {
  const people = useComputed(() => {
    const byId = new Map(call.near.value.map((person) => [person.id, person]));
    const known = call.order.value.ids.map((id) => byId.get(id)).filter((person) => person !== undefined);
    const rest = call.near.value.filter((person) => !call.order.value.ids.includes(person.id));
    return [...known, ...rest];
  }).value;
  return compose(area, people, {
    view: call.view.value, pinned: call.pinned.value, page: call.page.value,
    showSelf: preferences.self.value, floor, portrait, apart: call.near.value.length < call.meeting.participants.value.length,
  });
}

/** The faces and screens, and nothing else. */
export function Stage({ call }: { call: CallState }) {
  const box = useRef<HTMLDivElement>(null);
  const area = useSize(box) ?? nowhere;
  const portrait = useSignal<ReadonlySet<string>>(new Set());
  const last = useRef<string | null>(null);
  const { dominant } = call.meeting.speakers.value;
  const self = call.meeting.self.value?.id;
  if (dominant && dominant !== self) last.current = dominant;
  const scene = useScene(call, area, portrait.value, last.current);
  useEffect(() => { call.pageSize.value = scene.pageSize; }, [scene.pageSize]);
  useShow(call.meeting, scene.tiles);
  const onPortrait = (key: string, tall: boolean) => {
    if (portrait.value.has(key) === tall) return;
    const next = new Set(portrait.value);
    if (tall) next.add(key);
    else next.delete(key);
    portrait.value = next;
  };
  // The order in the document never changes with the layout: moving a video
  // element in the document would make it blink.
  const stable = [...scene.tiles].sort((a, b) => a.person.joined - b.person.joined || (a.key < b.key ? -1 : 1));
  const ready = area.width > 0;
  return (
    <section class="stage" aria-label={t('stage.label')} data-lost={call.meeting.phase.value === 'reconnecting' || undefined}>
      <div class="stage-area" ref={box}>
        {ready && stable.map((tile) => <Tile key={tile.key} tile={tile} call={call} onPortrait={onPortrait} />)}
        {ready && scene.card && <Alone meeting={call.meeting} rect={scene.card} />}
      </div>
      <Pages call={call} scene={scene} />
    </section>
  );
}
