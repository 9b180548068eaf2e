import { useEffect, useState } from 'preact/hooks';
import { t } from '../language';

/** Runs of dark squares as one path: a QR code of 33 x 33 in under 4 kB. */
function outline(rows: readonly (readonly boolean[])[]): string {
  let path = '';
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x += 1) {
      if (!row[x]) continue;
      let end = x;
      while (row[end]) end += 1;
      path += `M${x} ${y}h${end - x}v1H${x}z`;
      x = end;
    }
  });
  return path;
}

/** A link to point a phone at. The encoder is loaded when first needed. */
export function Qr({ text }: { text: string }) {
  const [code, setCode] = useState<{ size: number; path: string } | null>(null);
  useEffect(() => {
    let wanted = true;
    void import('uqr').then(({ encode }) => {
      const { size, data } = encode(text, { ecc: 'M', border: 0 });
      if (wanted) setCode({ size, path: outline(data) });
    }).catch(() => undefined);
    return () => { wanted = false; };
  }, [text]);
  const size = code?.size ?? 33;
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t('alone.qr')} shape-rendering="crispEdges">
      <path d={code?.path ?? ''} />
    </svg>
  );
}
