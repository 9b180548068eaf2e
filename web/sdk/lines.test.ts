import { expect, test } from 'vitest';
import { choose, tuned } from './lines';
import { asMusic } from './music';

const codec = (mimeType: string, sdpFmtpLine?: string): RTCRtpCodec => ({ mimeType, clockRate: 90000, ...(sdpFmtpLine ? { sdpFmtpLine } : {}) });

const browser = [
  codec('video/AV1', 'level-idx=5;profile=0;tier=0'),
  codec('video/AV1', 'level-idx=5;profile=1;tier=0'),
  codec('video/VP9', 'profile-id=0'),
  codec('video/VP9', 'profile-id=2'),
  codec('video/H264', 'packetization-mode=0;profile-level-id=42e01f'),
  codec('video/H264', 'packetization-mode=1;profile-level-id=42e01f'),
  codec('video/H264', 'packetization-mode=1;profile-level-id=640c1f'),
  codec('video/rtx'),
  codec('video/ulpfec'),
  codec('video/VP8'),
];

test('VP8 comes first, odd profiles and what nobody sends stay out, retransmission stays in', () => {
  const names = choose(browser, ['video/vp8', 'video/h264', 'video/vp9', 'video/av1']).map((c) => `${c.mimeType} ${c.sdpFmtpLine ?? ''}`.trim());
  expect(names).toEqual([
    'video/VP8',
    'video/H264 packetization-mode=1;profile-level-id=42e01f',
    'video/VP9 profile-id=0',
    'video/AV1 level-idx=5;profile=0;tier=0',
    'video/rtx',
  ]);
});

test('of a browser without the codec nothing is asked', () => {
  expect(choose([codec('video/H265')], ['video/vp8'])).toEqual([]);
  expect(choose([], ['audio/opus'])).toEqual([]);
});

test('Opus is asked for in two channels and with repairs, once, and nothing else is touched', () => {
  const sdp = 'a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=fmtp:96 apt=97\r\n';
  const asked = tuned(sdp);
  expect(asked).toBe('a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 nack\r\na=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\na=fmtp:96 apt=97\r\n');
  expect(tuned(asked)).toBe(asked);
});

test('music is asked for in one section only, in place of what a voice was asked for', () => {
  const section = (mid: number, fmtp: string): string => `m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=mid:${mid}\r\na=fmtp:63 111/111\r\na=fmtp:111 ${fmtp}\r\n`;
  const voice = 'minptime=10;useinbandfec=1;usedtx=1';
  const music = 'minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=192000;usedtx=0';
  const answer = (first: string): string => `v=0\r\n${section(1, first)}${section(11, voice)}`;
  expect(asMusic(answer(voice), '1')).toBe(answer(music));
  expect(asMusic(answer(music), '1')).toBe(answer(music));
});
