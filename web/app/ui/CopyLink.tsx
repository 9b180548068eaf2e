import { useEffect, useState } from 'preact/hooks';
import { CheckIcon, CopyIcon } from '../call/icons';
import { t } from '../language';
import { announce } from './announce';

async function copy(text: string, field: HTMLInputElement | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without a secure context or permission: leave the link selected for Ctrl+C.
    field?.select();
    return false;
  }
}

/** The link of the meeting with a button that copies it. */
export function CopyLink({ link, id }: { link: string; id: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const back = setTimeout(() => setCopied(false), 2500);
    return () => clearTimeout(back);
  }, [copied]);
  const press = async () => {
    const done = await copy(link, document.getElementById(id) as HTMLInputElement | null);
    setCopied(done);
    if (done) announce(t('app.copied'));
  };
  return (
    <div class="copy-link">
      <input id={id} class="field" readOnly value={link} aria-label={t('alone.link')} onFocus={(event) => event.currentTarget.select()} />
      <button type="button" class="button primary" onClick={() => void press()}>
        {copied ? <CheckIcon size={20} /> : <CopyIcon size={20} />}
        <span>{copied ? t('app.copied') : t('app.copyLink')}</span>
      </button>
    </div>
  );
}
