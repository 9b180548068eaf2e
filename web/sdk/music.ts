import { soundRate } from './lines';

/**
 * asMusic has Opus of one section sent in stereo at full rate with its
 * silences: an encoder does what the answer asks for (RFC 7587 section 7).
 */
export function asMusic(answer: string, mid: string): string {
  const wish = `stereo=1;sprop-stereo=1;maxaveragebitrate=${soundRate.music};usedtx=0`;
  const asked = (line: string): string => line.replace(/;?\s*(?:sprop-)?(?:stereo|maxaveragebitrate|usedtx)=\d+/g, '') + `;${wish}`;
  const sections = answer.split(/^(?=m=)/m);
  const ours = sections.map((s) => (new RegExp(`^a=mid:${mid}\\s*$`, 'm').test(s) ? s.replace(/^a=fmtp:\d+ .*useinbandfec=1[^\r\n]*/gm, asked) : s));
  return ours.join('');
}
