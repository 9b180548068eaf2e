/**
 * tune adds to the answer's Opus parameters of one media section that we may
 * stop sending in silence (RFC 7587 section 7, usedtx): what the remote
 * description asks for is what a browser's encoder does. It saves most of the
 * packets of a listening person's open microphone.
 */
export function tune(sdp: string, mid: string): string {
  if (!mid) return sdp;
  const sections = sdp.split(/^(?=m=)/m);
  return sections.map((s) => (midOf(s) === mid ? withDTX(s) : s)).join('');
}

function midOf(section: string): string | undefined {
  return /^a=mid:(\S+)/m.exec(section)?.[1];
}

function withDTX(section: string): string {
  const opus = /^a=rtpmap:(\d+) opus\//im.exec(section)?.[1];
  if (!opus || /usedtx=/.test(section)) return section;
  const line = new RegExp(`^(a=fmtp:${opus} [^\\r\\n]*)`, 'm');
  if (line.test(section)) return section.replace(line, '$1;usedtx=1');
  return section.replace(/^(a=rtpmap:\d+ opus\/[^\r\n]*)/im, `$1\r\na=fmtp:${opus} usedtx=1`);
}
