import { useEffect, useRef, useState } from 'preact/hooks';
import type { ChatFile, Line } from '../../../sdk';
import { t } from '../../language';
import type { CallState } from '../state';
import { toast } from '../toasts';
import { sizeOf } from './days';
import { FileIcon } from './icons';
import { linkOf } from './talk';

/** The longest side of a picture in the chat, in CSS pixels. */
const widest = 260;
const highest = 200;

/** Saves a file, by a link that is good just now. */
async function download(call: CallState, line: Line, file: ChatFile): Promise<void> {
  const url = await linkOf(call, line).catch(() => '');
  if (!url) {
    toast(call, t('chat.fileGone'), 'urgent');
    return;
  }
  const link = document.createElement('a');
  link.href = url;
  link.download = file.name;
  link.rel = 'noopener';
  link.click();
}

/** A picture is fetched when it comes into sight. */
function Picture({ call, line, file }: { call: CallState; line: Line; file: ChatFile }) {
  const box = useRef<HTMLButtonElement>(null);
  const [source, setSource] = useState('');
  const scale = Math.min(1, widest / (file.width ?? 1), highest / (file.height ?? 1));
  const [width, height] = [Math.max(24, Math.round((file.width ?? 1) * scale)), Math.max(24, Math.round((file.height ?? 1) * scale))];
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const sight = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      sight.disconnect();
      linkOf(call, line).then(setSource, () => undefined);
    });
    sight.observe(element);
    return () => sight.disconnect();
  }, []);
  const label = t('chat.download', { name: file.name, size: sizeOf(file.size) });
  return (
    <button ref={box} type="button" class="line-picture" title={file.name} aria-label={label} onClick={() => void download(call, line, file)}>
      {source ? <img src={source} width={width} height={height} alt={t('chat.picture', { name: file.name })} onError={() => setSource('')} /> : <svg width={width} height={height} aria-hidden="true" />}
    </button>
  );
}

/** What is attached to a line: a picture, or a file by its name. */
export function Attachment({ call, line, file }: { call: CallState; line: Line; file: ChatFile }) {
  if (file.width && file.height) return <Picture call={call} line={line} file={file} />;
  return (
    <button type="button" class="line-file" title={t('chat.download', { name: file.name, size: sizeOf(file.size) })} onClick={() => void download(call, line, file)}>
      <FileIcon size={22} /><span class="line-file-name">{file.name}</span><small>{sizeOf(file.size)}</small>
    </button>
  );
}
