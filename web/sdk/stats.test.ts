import { beforeEach, describe, expect, test } from 'vitest';
import { Connection } from './connection';
import { reportOf } from './report';
import { Collector, type Scene } from './stats';
import { FakePeer, fakePeer, stubBrowser } from './testing/fakes';

let connection: Connection;
let collector: Collector;
let scene: Scene;

beforeEach(async () => {
  stubBrowser();
  connection = new Connection({
    ...{ iceServers: [], room: { seats: 1, stages: 0 }, negotiate: async () => 'answer', reachable: () => true },
    ...{ changed: () => undefined, stuck: () => undefined, peer: fakePeer },
  });
  await connection.offer();
  collector = new Collector();
  const media = { microphone: true, camera: true, screen: false, screenAudio: false };
  scene = {
    ...{ version: '1.2.3', client: 'web/0.1', room: 'secret-oak', phase: 'joined', self: 'me-id', sdpExchanges: 1, timings: { joined: 300 } },
    link: { whose: 'theirs', participant: 'ana-id', direction: 'up', bars: 1 },
    quality: { 'me-id': { up: 3, down: 2 }, 'ana-id': { up: 1, down: 3 } },
    recoveries: { iceRestarts: 0, rebuilds: 0, reconnects: 0 },
    people: [
      { id: 'me-id', name: 'Me Myself', role: 'host', media, joined: 1, self: true },
      { id: 'ana-id', name: 'Ana Secret', role: 'guest', media, joined: 2, self: false },
    ],
    connection,
    seats: [{ kind: 'seat', index: 0, participant: 'ana-id', video: true, audio: true }],
  };
});

const pair = (more: object, local: object = {}): object[] => [
  { id: 'T', type: 'transport', selectedCandidatePairId: 'P', tlsVersion: 'FEFD' },
  { id: 'P', type: 'candidate-pair', localCandidateId: 'L', remoteCandidateId: 'R', currentRoundTripTime: 0.02, ...more },
  { id: 'L', type: 'local-candidate', candidateType: 'host', address: '192.0.2.7', port: 4000, protocol: 'udp', ...local },
  { id: 'R', type: 'remote-candidate', candidateType: 'host', address: '198.51.100.1', port: 7882 },
];

/** What the browser has counted at some second: a camera's layer out, one picture in. */
function counted(at: number, out: { packets: number; lost: number }, into: { packets: number; lost: number }, local = {}): void {
  FakePeer.last.rows = [
    ...pair({ availableOutgoingBitrate: 2_500_000 }, local),
    { id: 'C', type: 'codec', mimeType: 'video/VP8' },
    { id: 'far', type: 'remote-inbound-rtp', packetsLost: out.lost, jitter: 0.004 },
    {
      ...{ id: 'O', type: 'outbound-rtp', kind: 'video', mid: '1', rid: 'f', timestamp: at * 1000, codecId: 'C', remoteId: 'far', active: true },
      ...{ packetsSent: out.packets, bytesSent: out.packets * 1000, frameWidth: 1280, frameHeight: 720, framesPerSecond: 30 },
      ...{ qualityLimitationReason: 'bandwidth', targetBitrate: 1_700_000, encoderImplementation: 'libvpx' },
    },
    {
      ...{ id: 'I', type: 'inbound-rtp', kind: 'video', mid: '5', timestamp: at * 1000, codecId: 'C', jitter: 0.002 },
      ...{ packetsReceived: into.packets, packetsLost: into.lost, bytesReceived: into.packets * 500 },
      ...{ freezeCount: 2, totalFreezesDuration: 0.5, decoderImplementation: 'dav1d', frameHeight: 360, framesPerSecond: 24 },
    },
  ];
}

describe('a snapshot', () => {
  test('has every line with what a support ticket needs', async () => {
    counted(1, { packets: 100, lost: 0 }, { packets: 100, lost: 0 });
    const { sent, seats, link, version, client } = await collector.snapshot(scene);
    expect(sent).toMatchObject([
      { source: 'camera', rid: 'f', codec: 'video/VP8', height: 720, framesPerSecond: 30, limitation: 'bandwidth', target: 1_700_000, encoder: 'libvpx', bitrate: 0 },
    ]);
    expect(seats[0]).toMatchObject({ participant: 'ana-id', video: { height: 360, freezes: 2, freezeSeconds: 0.5, decoder: 'dav1d', jitter: 0.002 } });
    expect([link, version, client]).toEqual([scene.link, '1.2.3', 'web/0.1']);
  });

  test('counts rates from one to the next: lost packets of ours are among those sent, of theirs not', async () => {
    counted(1, { packets: 100, lost: 0 }, { packets: 100, lost: 10 });
    await collector.snapshot(scene);
    counted(2, { packets: 200, lost: 10 }, { packets: 190, lost: 20 });
    const { sent, seats, bitrate } = await collector.snapshot(scene);
    expect(sent[0]).toMatchObject({ bitrate: 800_000, loss: 0.1 });
    expect(seats[0]?.video).toMatchObject({ bitrate: 360_000, loss: 0.1 });
    expect(bitrate).toEqual({ sent: 800_000, received: 360_000 });
  });

  test('asked for twice in a moment has the same rates twice', async () => {
    counted(1, { packets: 100, lost: 0 }, { packets: 100, lost: 0 });
    await collector.snapshot(scene);
    counted(2, { packets: 200, lost: 0 }, { packets: 200, lost: 0 });
    await collector.snapshot(scene);
    counted(2.1, { packets: 200, lost: 0 }, { packets: 200, lost: 0 });
    expect((await collector.snapshot(scene)).sent[0]?.bitrate).toBe(800_000);
  });

  test('says how packets travel', async () => {
    counted(1, { packets: 1, lost: 0 }, { packets: 1, lost: 0 });
    expect((await collector.snapshot(scene)).connection).toMatchObject({ protocol: 'udp', roundTrip: 20, availableOutgoing: 2_500_000, local: 'host 192.0.2.7:4000' });
    counted(2, { packets: 1, lost: 0 }, { packets: 1, lost: 0 }, { protocol: 'tcp' });
    expect((await collector.snapshot(scene)).connection.protocol).toBe('tcp');
    counted(3, { packets: 1, lost: 0 }, { packets: 1, lost: 0 }, { candidateType: 'relay', relayProtocol: 'tls' });
    expect((await collector.snapshot(scene)).connection).toMatchObject({ protocol: 'relay', relay: 'tls' });
  });

  test('says which layers are wanted, of the sources somebody spoke about', async () => {
    connection.out.camera.want(['q', 'f']);
    expect((await collector.snapshot(scene)).layers).toEqual({ camera: ['q', 'f'] });
  });

  test('without a connection has no lines', async () => {
    expect(await collector.snapshot({ ...scene, connection: null })).toMatchObject({ sent: [], seats: [], connection: { state: 'none' }, layers: {} });
  });
});

test('a report tells no name, room or address, and all the figures', async () => {
  counted(1, { packets: 100, lost: 0 }, { packets: 100, lost: 0 });
  const text = reportOf(await collector.snapshot(scene), 'A Browser 1.0');
  for (const secret of ['Ana', 'Me Myself', 'ana-id', 'me-id', 'oak', '192.0.2.7', '198.51.100.1', '4000']) expect(text).not.toContain(secret);
  for (const said of ['1.2.3', 'A Browser 1.0', 'person 2', 'host → host', 'bars up 3 down 2', 'limitation=bandwidth', 'freezes=2', 'weak link person 2 up 1']) expect(text).toContain(said);
});
