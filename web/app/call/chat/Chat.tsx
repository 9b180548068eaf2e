import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Line } from '../../../sdk';
import { chat } from '../../../locales/chat';
import { addTexts } from '../../../locales/text';
import { DownIcon } from '../../icons';
import { t } from '../../language';
import { may } from '../../permissions';
import { SearchIcon } from '../icons';
import { useSize } from '../size';
import type { CallState } from '../state';
import { Composer } from './Composer';
import { dayName, sameDay } from './days';
import { Message } from './Message';
import { attach } from './talk';
import '../../styles/chat.css';

addTexts(chat);

const together = 3 * 60_000;
/** From so many lines on one may search them. */
const searchable = 8;

/** A line goes under the one before when the same person wrote both to the same people within minutes. */
export function follows(before: Line | undefined, line: Line): boolean {
  return before !== undefined && before.participant === line.participant && before.to === line.to
    && sameDay(before.at, line.at) && line.at - before.at < together;
}

/** Text as it is compared: no capitals, no accents. */
function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{Mn}/gu, '').toLowerCase();
}

/** Whether a line holds all the words somebody looks for. */
export function holds(line: Line, words: string): boolean {
  const text = folded(`${line.text}\n${line.file?.name ?? ''}\n${line.name}`);
  return folded(words).split(/\s+/).every((word) => text.includes(word));
}

/** The first line that was not read when the panel was opened, while it stays open. */
function useUnread(call: CallState): string {
  const [first] = useState(() => call.meeting.chat.peek().slice(call.seen.peek()).find((line) => !line.mine)?.id ?? '');
  return first;
}

function Row({ call, line, before, unread }: { call: CallState; line: Line; before: Line | undefined; unread: boolean }) {
  return (
    <>
      {(!before || !sameDay(before.at, line.at)) && <li class="lines-day"><span>{dayName(line.at)}</span></li>}
      {unread && <li class="lines-unread"><span>{t('chat.unread')}</span></li>}
      <Message call={call} line={line} first={unread || !follows(before, line)} />
    </>
  );
}

/** Keeps the end in sight while the reader is at the end, and only then. */
function Lines({ call, lines, searching }: { call: CallState; lines: readonly Line[]; searching: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const [behind, setBehind] = useState(false);
  const atEnd = useRef(true);
  const top = useRef(0);
  const unread = useUnread(call);
  const toEnd = () => { if (box.current) box.current.scrollTop = box.current.scrollHeight; };
  useEffect(() => {
    call.seen.value = call.meeting.chat.peek().length;
    if (atEnd.current || lines[lines.length - 1]?.mine) toEnd();
    else if (!searching) setBehind(true);
  }, [lines.length]);
  // Pictures and reactions make lines higher after they were written.
  useEffect(() => { if (atEnd.current) toEnd(); }, [lines]);
  // A phone's keyboard, or a longer message being written, leaves less room.
  const size = useSize(box);
  useLayoutEffect(() => { if (atEnd.current) toEnd(); }, [size]);
  const scrolled = () => {
    const element = box.current;
    if (!element) return;
    const near = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    // Only who scrolls up leaves the end: with less room it is not near any more either.
    if (near || element.scrollTop < top.current) atEnd.current = near;
    top.current = element.scrollTop;
    if (near) setBehind(false);
  };
  return (
    <div class="lines" ref={box} onScroll={scrolled} onLoadCapture={() => { if (atEnd.current) toEnd(); }} tabIndex={0} role="region" aria-label={t('chat.title')}>
      {lines.length === 0 && !searching && <p class="quiet lines-empty">{t('chat.empty')}</p>}
      <ol>{lines.map((line, i) => <Row key={line.id} call={call} line={line} before={lines[i - 1]} unread={line.id === unread} />)}</ol>
      {behind && <button type="button" class="button small lines-new" onClick={toEnd}><DownIcon size={16} />{t('chat.new')}</button>}
    </div>
  );
}

function Search({ words, found, onSearch }: { words: string; found: number; onSearch: (words: string) => void }) {
  const id = useId();
  return (
    <div class="chat-search">
      <label class="aside" for={id}>{t('chat.search')}</label>
      <SearchIcon size={18} />
      <input id={id} class="field" type="search" placeholder={t('chat.search')} value={words} onInput={(event) => onSearch(event.currentTarget.value)} />
      <p class={words ? 'quiet' : 'aside'} role="status">{words && t('chat.found', { n: found })}</p>
    </div>
  );
}

/** Files dragged over the panel are sent when they are dropped. */
function useDrop(call: CallState): { over: boolean; on: Record<string, (event: DragEvent) => void> } {
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  const holdsFiles = (event: DragEvent) => may(call.meeting, 'attach') && (event.dataTransfer?.types.includes('Files') ?? false);
  const moved = (by: number) => (event: DragEvent) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth.current = by === 0 ? 0 : depth.current + by;
    setOver(depth.current > 0);
  };
  const dropped = (event: DragEvent) => {
    moved(0)(event);
    if (holdsFiles(event)) void attach(call, [...event.dataTransfer!.files]);
  };
  const dragged = (event: DragEvent) => { if (holdsFiles(event)) event.preventDefault(); };
  return { over, on: { onDragEnter: moved(1), onDragLeave: moved(-1), onDragOver: dragged, onDrop: dropped } };
}

/** What people write: to everyone, or to one person. */
export function Chat({ call }: { call: CallState }) {
  const [words, setWords] = useState('');
  const { over, on } = useDrop(call);
  const all = call.meeting.chat.value;
  const wanted = words.trim();
  const lines = wanted ? all.filter((line) => holds(line, wanted)) : all;
  const mayWrite = may(call.meeting, 'chat') || may(call.meeting, 'whisper');
  return (
    <div class="chat" {...on}>
      {all.length >= searchable || words ? <Search words={words} found={lines.length} onSearch={setWords} /> : <span />}
      <Lines call={call} lines={lines} searching={wanted !== ''} />
      {mayWrite ? <Composer call={call} /> : <p class="quiet chat-closed">{t('chat.closed')}</p>}
      {over && <p class="chat-drop">{t('chat.drop')}</p>}
    </div>
  );
}
