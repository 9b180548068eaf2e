// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { statistics } from '../../locales/statistics';
import { addTexts } from '../../locales/text';
import { speak } from '../language';
import { snapshot } from '../testing/snapshot';
import { viewOf, type Row } from './statistics';

addTexts(statistics);
beforeEach(() => speak('en'));

const written = ({ source, main, rate, details }: Row) => [source, main, rate, ...details].join(' | ');

describe('the statistics', () => {
  const view = () => viewOf(snapshot);

  it('tell what is sent, by source, the largest layer first', () => {
    expect(view().sent.map(written)).toEqual([
      'camera | Layer f | – | not needed by anybody now',
      'camera | 640 × 360 · 30 fps | 480 kbit/s | VP8 | Layer h | L1T3 | 0% lost | jitter 3 ms | held back by the network',
      'camera | 320 × 180 · 30 fps | 148 kbit/s | VP8 | Layer q | L1T2 | 0% lost | jitter 3 ms',
      'microphone | Opus | 30 kbit/s | 0.1% lost | jitter 2 ms',
    ]);
  });

  it('tell what is received, by person and source, and leave out what is silent', () => {
    expect(view().received.map(({ name, rows }) => [name, ...rows.map(written)])).toEqual([
      ['Bruno', 'camera | 640 × 360 · 30 fps | 512 kbit/s | VP8 | 0.2% lost | jitter 4 ms', 'microphone | Opus | 31 kbit/s | 0% lost | jitter 2 ms', 'screen | 1920 × 1080 · 5 fps | 1.2 Mbit/s | VP9 | 0% lost | jitter 6 ms'],
      ['Chloé Lefèvre', 'camera | paused | 0 kbit/s | VP8 | 0% lost | jitter 3 ms | frozen for 1.4 s'],
    ]);
  });

  it('name the lines apart', () => {
    const keys = [...view().sent, ...view().received.flatMap(({ rows }) => rows)].map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('tell of the connection what is known', () => {
    expect(Object.fromEntries(view().connection)).toEqual({
      'statistics.path': 'direct, UDP', 'statistics.roundTrip': '24 ms', 'statistics.up': '658 kbit/s', 'statistics.roomUp': '2.6 Mbit/s',
      'statistics.down': '1.8 Mbit/s', 'statistics.freezes': '2 · 1.4 s',
    });
  });

  it.each([
    [{ state: 'connected', ice: 'connected', protocol: 'tcp' }, 'direct, TCP'],
    [{ state: 'connected', ice: 'connected', protocol: 'relay', relay: 'tls' }, 'through a relay, TLS'],
    [{ state: 'connecting', ice: 'checking' }, 'none yet'],
  ] as const)('name the path: %j', (connection, words) => {
    expect(Object.fromEntries(viewOf({ ...snapshot, connection }).connection)['statistics.path']).toBe(words);
  });
});
