/** A snapshot of a meeting of three, as the statistics of a browser give it. */
import type { LineStats, MeetingStats } from '../../sdk';

function line(more: Partial<LineStats>): LineStats {
  return { mid: '0', kind: 'video', bytes: 1, packets: 100, bitrate: 0, ...more };
}

export const snapshot: MeetingStats = {
  at: 0, version: 'v0.2.0', client: 'web/0.1', link: { whose: null, bars: 3 }, quality: {}, room: 'calm-olive', phase: 'joined', self: 'p0',
  participants: [
    { id: 'p0', name: 'Ana Duarte', self: true, away: false, microphone: true, camera: true, screen: false },
    { id: 'p1', name: 'Bruno', self: false, away: false, microphone: true, camera: true, screen: true },
    { id: 'p2', name: 'Chloé Lefèvre', self: false, away: false, microphone: true, camera: true, screen: false },
  ],
  seats: [
    {
      kind: 'seat', index: 0, participant: 'p1',
      video: line({ mid: '4', codec: 'video/VP8', width: 640, height: 360, framesPerSecond: 30, bitrate: 512_300, loss: 0.002, jitter: 0.004 }),
      audio: line({ mid: '5', kind: 'audio', codec: 'audio/opus', bitrate: 31_200, loss: 0, jitter: 0.002 }),
    },
    {
      kind: 'seat', index: 1, participant: 'p2', paused: 'bandwidth',
      video: line({ mid: '6', codec: 'video/VP8', bitrate: 0, loss: 0, jitter: 0.003, freezes: 2, freezeSeconds: 1.42 }),
      audio: line({ mid: '7', kind: 'audio', codec: 'audio/opus', bitrate: 0 }),
    },
    {
      kind: 'stage', index: 0, participant: 'p1',
      video: line({ mid: '8', codec: 'video/VP9', width: 1920, height: 1080, framesPerSecond: 5, bitrate: 1_240_000, loss: 0, jitter: 0.006 }),
    },
    { kind: 'seat', index: 2 },
  ],
  sent: [
    line({ mid: '0', kind: 'audio', source: 'microphone', codec: 'audio/opus', bitrate: 30_100, loss: 0.001, jitter: 0.002 }),
    line({ mid: '1', source: 'camera', rid: 'q', codec: 'video/VP8', scalabilityMode: 'L1T2', active: true, width: 320, height: 180, framesPerSecond: 30, bitrate: 148_000, loss: 0, jitter: 0.003, limitation: 'none' }),
    line({ mid: '1', source: 'camera', rid: 'h', codec: 'video/VP8', scalabilityMode: 'L1T3', active: true, width: 640, height: 360, framesPerSecond: 30, bitrate: 480_000, loss: 0, jitter: 0.003, limitation: 'bandwidth' }),
    line({ mid: '1', source: 'camera', rid: 'f', codec: 'video/VP8', scalabilityMode: 'L1T3', active: false, limitation: 'none' }),
    line({ mid: '2', source: 'screen', rid: 'f', codec: 'video/VP8' }),
  ],
  layers: { camera: ['q', 'h'] },
  connection: { state: 'connected', ice: 'connected', roundTrip: 24, availableOutgoing: 2_600_000, protocol: 'udp' },
  bitrate: { sent: 658_000, received: 1_783_500 },
  freezes: { count: 2, seconds: 1.42 },
  sdpExchanges: 1, recoveries: { iceRestarts: 0, rebuilds: 0, reconnects: 0 }, timings: {},
};
