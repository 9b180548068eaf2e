import type { LineStats, MeetingStats, SeatStats } from './stats';

/** reportOf puts a snapshot into plain text for a support ticket: nothing in it names a room, a person or an address. */
export function reportOf(stats: MeetingStats, browser: string): string {
  const numbers = new Map(stats.participants.map((p, i) => [p.id, p.self ? 'me' : `person ${i + 1}`]));
  const { connection: path, link, recoveries } = stats;
  const mine = stats.quality[stats.self ?? ''];
  const whose = link.participant ? (numbers.get(link.participant) ?? 'somebody') : link.whose;
  return [
    `Palabre ${stats.version || 'unknown'} · ${stats.client} · ${new Date(stats.at).toISOString()}`,
    browser,
    `phase ${stats.phase}, ${stats.participants.length} people, offers ${stats.sdpExchanges}`,
    `path ${said({ ...path, local: undefined, remote: undefined })} ${kindOf(path.local)} → ${kindOf(path.remote)}`,
    `bitrate out ${kbit(stats.bitrate.sent)}, in ${kbit(stats.bitrate.received)}; freezes ${stats.freezes.count} (${stats.freezes.seconds.toFixed(1)} s)`,
    `recoveries ${said(recoveries)}; bars up ${mine?.up ?? '?'} down ${mine?.down ?? '?'}; weak link ${whose ? `${whose} ${link.direction ?? ''} ${link.bars}` : 'none'}`,
    `timings ${said(stats.timings)}`,
    `wanted ${JSON.stringify(stats.layers)}`,
    ...stats.sent.map((l) => `out ${line(l)}`),
    ...stats.seats.flatMap((seat) => seated(seat, numbers)),
  ].join('\n');
}

/** Free seats that never carried anything are left out. */
function seated({ kind, index, participant, paused, audio, video }: SeatStats, numbers: Map<string, string>): string[] {
  const who = participant ? (numbers.get(participant) ?? 'somebody') : 'free';
  const lines = [audio, video].filter((l) => l !== undefined && l.packets > 0).map((l) => `  in ${line(l as LineStats)}`);
  if (!participant && lines.length === 0) return [];
  return [`${kind} ${index}: ${who}${paused ? `, paused (${paused})` : ''}`, ...lines];
}

function line({ mid, kind, bitrate, ssrc: _ssrc, ...rest }: LineStats): string {
  return `${kind} ${mid} ${kbit(bitrate)} ${said(rest)}`;
}

function said(values: object): string {
  const known = Object.entries(values).filter(([, v]) => v !== undefined);
  return known.map(([name, v]) => `${name}=${typeof v === 'number' ? Math.round(v * 1000) / 1000 : String(v)}`).join(' ');
}

function kbit(bitsPerSecond: number): string {
  return `${Math.round(bitsPerSecond / 1000)} kbit/s`;
}

/** "host 192.0.2.1:4000" is a kind of candidate and an address; only the kind is told. */
function kindOf(candidate: string | undefined): string {
  return candidate?.split(' ')[0] || '?';
}
