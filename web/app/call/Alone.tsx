import { t } from '../language';
import { invitation } from '../route';
import type { Session } from '../session';
import { CopyLink } from '../ui/CopyLink';
import { Qr } from '../ui/Qr';
import type { Rect } from './layout';

function send(link: string): void {
  // Cancelling the system's share sheet rejects; there is nothing to say about it.
  void navigator.share({ url: link }).catch(() => undefined);
}

/** The link, the button that copies it, and a QR code. */
export function Invitation({ room }: { room: string }) {
  const link = invitation(room);
  return (
    <>
      <p class="quiet">{t('alone.hint')}</p>
      <CopyLink link={link} id="invitation" />
      {'share' in navigator && <button type="button" class="button wide" onClick={() => send(link)}>{t('alone.share')}</button>}
      <Qr text={link} />
    </>
  );
}

/** Beside one's own picture while nobody else is here. */
export function Alone({ meeting, rect }: { meeting: Session; rect: Rect }) {
  return (
    <div class="alone" style={{ left: `${rect.x}px`, top: `${rect.y}px`, width: `${rect.width}px`, height: `${rect.height}px` }}>
      <div class="alone-card">
        <h2>{t('alone.title')}</h2>
        <Invitation room={meeting.options.room} />
      </div>
    </div>
  );
}
