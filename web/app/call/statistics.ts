/** From a snapshot of the meeting to what the statistics panel writes. Pure. */
import type { LineStats, MeetingStats, SeatStats, Source } from '../../sdk';
import { number } from '../format';
import { t, type PlainKey } from '../language';
import { bitrate, seconds, share } from './figures';

/** One source of one person: what it is, what matters of it, its bit rate, and the rest. */
export interface Row {
  readonly key: string;
  readonly source: Source;
  readonly main: string;
  readonly rate: string;
  readonly details: readonly string[];
}

/** What comes from one person. */
export interface Received { readonly key: string; readonly name: string; readonly rows: readonly Row[] }

export interface View {
  readonly connection: readonly (readonly [PlainKey, string])[];
  readonly sent: readonly Row[];
  readonly received: readonly Received[];
}

/** "video/VP8" and "audio/opus" as people write them. */
function codecName(codec: string | undefined): string {
  const name = codec?.split('/')[1] ?? '';
  return /^[a-z]/.test(name) ? name.charAt(0).toUpperCase() + name.slice(1) : name;
}

/** "1280 × 720 · 25 fps", as far as it is known. */
function picture({ width, height, framesPerSecond }: LineStats): string {
  const size = width && height ? `${width} × ${height}` : '';
  const pace = framesPerSecond ? t('statistics.fps', { n: Math.round(framesPerSecond) }) : '';
  return [size, pace].filter(Boolean).join(' · ');
}

const limits: Readonly<Record<string, PlainKey>> = { cpu: 'statistics.cpu', bandwidth: 'statistics.bandwidth', other: 'statistics.limited' };

/** What is worth knowing of a line beside its size and rate. */
function details(line: LineStats): string[] {
  const limit = limits[line.limitation ?? ''];
  const facts = [
    line.kind === 'video' && codecName(line.codec),
    line.rid && t('statistics.layer', { name: line.rid }),
    line.scalabilityMode,
    line.loss !== undefined && t('statistics.loss', { value: share(line.loss) }),
    line.jitter !== undefined && t('statistics.jitter', { value: seconds(line.jitter) }),
    line.freezes ? t('statistics.frozen', { value: seconds(line.freezeSeconds ?? 0) }) : '',
    limit && t(limit),
  ];
  return facts.filter((fact): fact is string => Boolean(fact));
}

function row(line: LineStats, source: Source, key: string): Row {
  const main = line.kind === 'video' ? picture(line) : codecName(line.codec);
  return { key, source, main, rate: bitrate(line.bitrate), details: details(line) };
}

const order: readonly Source[] = ['camera', 'microphone', 'screen', 'screenAudio'];

/** A layer nobody shows is not sent, but named: one may ask where it is. */
function sentRow(line: LineStats, i: number): Row {
  const source = line.source ?? (line.kind === 'video' ? 'camera' : 'microphone');
  const one = row(line, source, `${line.mid} ${line.rid ?? i}`);
  if (line.kind === 'audio' || line.active !== false) return one;
  const idle = t('statistics.idle');
  return line.rid ? { ...one, main: t('statistics.layer', { name: line.rid }), rate: '–', details: [idle] } : { ...one, main: idle, rate: '–', details: [] };
}

/** The lines that carry something of ours now; layers from the largest down. */
function sentRows({ sent, participants }: MeetingStats): Row[] {
  const me = participants.find((person) => person.self);
  const on: Record<Source, boolean> = { microphone: me?.microphone ?? false, camera: me?.camera ?? false, screen: me?.screen ?? false, screenAudio: me?.screen ?? false };
  const size = ({ rid }: LineStats) => ['f', 'h', 'q'].indexOf(rid ?? 'f');
  return sent
    .filter((line) => line.packets > 0 && on[line.source ?? 'camera'])
    .sort((a, b) => order.indexOf(a.source ?? 'camera') - order.indexOf(b.source ?? 'camera') || size(a) - size(b))
    .map(sentRow);
}

function seatRows(seat: SeatStats): Row[] {
  const stage = seat.kind === 'stage';
  const at = `${seat.kind} ${seat.index}`;
  const { video, audio, paused } = seat;
  const rows: Row[] = [];
  if (video && (video.bitrate > 0 || paused)) {
    const shown = row(video, stage ? 'screen' : 'camera', `${at} video`);
    rows.push(paused && video.bitrate === 0 ? { ...shown, main: t('statistics.paused') } : shown);
  }
  if (audio && audio.bitrate > 0) rows.push(row(audio, stage ? 'screenAudio' : 'microphone', `${at} audio`));
  return rows;
}

/** Everybody something comes from, in the order of the room. */
function receivedFrom({ seats, participants }: MeetingStats): Received[] {
  return participants
    .map(({ id, name }) => ({ key: id, name, rows: seats.filter((seat) => seat.participant === id).flatMap(seatRows) }))
    .filter(({ rows }) => rows.length > 0);
}

function pathWords({ connection }: MeetingStats): string {
  const { protocol, relay, state } = connection;
  if (state !== 'connected' || !protocol) return t('statistics.noPath');
  if (protocol === 'relay') return t('statistics.relayed', { protocol: (relay ?? 'udp').toUpperCase() });
  return t('statistics.direct', { protocol: protocol.toUpperCase() });
}

function connectionFacts(stats: MeetingStats): View['connection'] {
  const { connection: { roundTrip, availableOutgoing, availableIncoming }, bitrate: total, freezes } = stats;
  const facts: [PlainKey, string | undefined][] = [
    ['statistics.path', pathWords(stats)],
    ['statistics.roundTrip', roundTrip === undefined ? undefined : seconds(roundTrip / 1000)],
    ['statistics.up', bitrate(total.sent)],
    ['statistics.roomUp', availableOutgoing === undefined ? undefined : bitrate(availableOutgoing)],
    ['statistics.down', bitrate(total.received)],
    ['statistics.roomDown', availableIncoming === undefined ? undefined : bitrate(availableIncoming)],
    ['statistics.freezes', freezes.count > 0 ? `${number(freezes.count)} · ${seconds(freezes.seconds)}` : undefined],
  ];
  return facts.filter((fact): fact is [PlainKey, string] => fact[1] !== undefined);
}

export function viewOf(stats: MeetingStats): View {
  return { connection: connectionFacts(stats), sent: sentRows(stats), received: receivedFrom(stats) };
}
