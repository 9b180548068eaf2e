import { useEffect, useRef } from 'preact/hooks';
import type { Knock } from '../../sdk';
import { t } from '../language';
import { may } from '../permissions';
import { Avatar } from '../ui/Avatar';
import { announce } from '../ui/announce';
import { attempt } from './actions';
import type { CallState } from './state';

const settle = 400;

/**
 * Admit, and Deny for those who may. A press within the first moments is ignored: the sheet may
 * just have moved on to the next person under the finger.
 */
export function KnockActions({ call, knock }: { call: CallState; knock: Knock }) {
  const { meeting } = call;
  const since = useRef(performance.now());
  useEffect(() => { since.current = performance.now(); }, [knock.participant]);
  const settled = (act: () => Promise<unknown>) => () => { if (performance.now() - since.current > settle) attempt(call, act()); };
  return (
    <span class="knock-actions">
      {may(meeting, 'deny') && (
        <button type="button" class="button small" aria-label={t('knock.denyName', { name: knock.name })} onClick={settled(() => meeting.deny(knock.participant))}>{t('knock.deny')}</button>
      )}
      <button type="button" class="button small primary" aria-label={t('knock.admitName', { name: knock.name })} onClick={settled(() => meeting.admit(knock.participant))}>{t('knock.admit')}</button>
    </span>
  );
}

/** Who waits, as they showed themselves. */
export function Face({ knock: { name, picture } }: { knock: Knock }) {
  if (!picture) return <Avatar name={name} />;
  const kind = picture.startsWith('UklGR') ? 'webp' : 'jpeg'; // "RIFF" in base64
  return <img class="knock-picture" src={`data:image/${kind};base64,${picture}`} alt={t('knock.picture', { name })} />;
}

export function AdmitAll({ call }: { call: CallState }) {
  return <button type="button" class="button small" onClick={() => attempt(call, call.meeting.command('admit-all', undefined))}>{t('knock.admitAll')}</button>;
}

/** Somebody is at the door. Stays until answered. */
export function Knocks({ call }: { call: CallState }) {
  const knocks = call.meeting.knocks.value;
  const knock = knocks[0];
  useEffect(() => {
    if (knock) announce(t('knock.one', { name: knock.name }), 'urgent');
  }, [knock?.participant]);
  if (!knock) return null;
  return (
    <div class="knock notice">
      <Face knock={knock} />
      <p>
        {t('knock.one', { name: knock.name })}
        {knocks.length > 1 && <small>{t('knock.more', { n: knocks.length - 1 })}</small>}
      </p>
      <KnockActions call={call} knock={knock} />
      {knocks.length > 1 && <AdmitAll call={call} />}
    </div>
  );
}
