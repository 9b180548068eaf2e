import { useEffect, useId, useState } from 'preact/hooks';
import type { MeetingStats, Source } from '../../sdk';
import { statistics } from '../../locales/statistics';
import { addTexts } from '../../locales/text';
import { CameraIcon, MicIcon, SoundIcon } from '../icons';
import { t, type PlainKey } from '../language';
import type { Session } from '../session';
import { announce } from '../ui/announce';
import { CheckIcon, CopyIcon, ScreenIcon } from './icons';
import type { CallState } from './state';
import { viewOf, type Received, type Row, type View } from './statistics';
import '../styles/statistics.css';

addTexts(statistics);

const every = 1000;
const confirmed = 2500;

const sources: Readonly<Record<Source, { name: PlainKey; Icon: typeof MicIcon }>> = {
  microphone: { name: 'statistics.microphone', Icon: MicIcon },
  camera: { name: 'statistics.camera', Icon: CameraIcon },
  screen: { name: 'statistics.screen', Icon: ScreenIcon },
  screenAudio: { name: 'statistics.screenAudio', Icon: SoundIcon },
};

/** A snapshot each second; the one before stays while the next is taken. */
function useSnapshot(meeting: Session): MeetingStats | null {
  const [stats, setStats] = useState<MeetingStats | null>(null);
  useEffect(() => {
    let later: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const look = async () => {
      const now = await meeting.stats().catch(() => null);
      if (over) return;
      if (now) setStats(now);
      later = setTimeout(() => void look(), every);
    };
    void look();
    return () => {
      over = true;
      clearTimeout(later);
    };
  }, [meeting]);
  return stats;
}

function Line({ row }: { row: Row }) {
  const { name, Icon } = sources[row.source];
  return (
    <li class="figure">
      <span class="figure-icon" title={t(name)}><Icon size={18} /><span class="aside">{t(name)}</span></span>
      <span class="figure-main">{row.main || t(name)}</span>
      <span class="figure-rate">{row.rate}</span>
      {row.details.length > 0 && <span class="figure-details">{row.details.map((fact, i) => [i > 0 && '\u00a0· ', <span key={fact}>{fact}</span>])}</span>}
    </li>
  );
}

function Lines({ rows }: { rows: readonly Row[] }) {
  return <ul class="figures">{rows.map((row) => <Line key={row.key} row={row} />)}</ul>;
}

function Person({ from }: { from: Received }) {
  return <><h4>{from.name}</h4><Lines rows={from.rows} /></>;
}

function Figures({ view }: { view: View }) {
  return (
    <>
      <section>
        <h3>{t('statistics.connection')}</h3>
        <dl class="facts">{view.connection.map(([name, value]) => <div key={name}><dt>{t(name)}</dt><dd>{value}</dd></div>)}</dl>
      </section>
      <section>
        <h3>{t('statistics.sent')}</h3>
        {view.sent.length > 0 ? <Lines rows={view.sent} /> : <p class="quiet">{t('statistics.nothingSent')}</p>}
      </section>
      <section>
        <h3>{t('statistics.received')}</h3>
        {view.received.length > 0 ? view.received.map((from) => <Person key={from.key} from={from} />) : <p class="quiet">{t('statistics.nothingReceived')}</p>}
      </section>
    </>
  );
}

/** The report goes to the clipboard; where the browser does not let it, it is shown to be copied by hand. */
function Copy({ meeting }: { meeting: Session }) {
  const id = useId();
  const [copied, setCopied] = useState(false);
  const [byHand, setByHand] = useState('');
  useEffect(() => {
    if (!copied) return undefined;
    const back = setTimeout(() => setCopied(false), confirmed);
    return () => clearTimeout(back);
  }, [copied]);
  const press = async () => {
    const report = await meeting.report();
    try {
      await navigator.clipboard.writeText(report);
      setCopied(true);
      announce(t('statistics.copied'));
    } catch {
      setByHand(report);
    }
  };
  return (
    <div class="statistics-copy">
      {byHand && <><label class="label" for={id}>{t('statistics.byHand')}</label><textarea id={id} class="field" rows={5} readOnly value={byHand} onFocus={(event) => event.currentTarget.select()} /></>}
      <button type="button" class="button wide" onClick={() => void press().catch(() => undefined)}>
        {copied ? <CheckIcon size={20} /> : <CopyIcon size={20} />}{t(copied ? 'statistics.copied' : 'statistics.copy')}
      </button>
      <p class="hint">{t('statistics.copyHint')}</p>
    </div>
  );
}

/** What goes over the wire and how well, for who wants to know or was asked by support. */
export function Statistics({ call }: { call: CallState }) {
  const stats = useSnapshot(call.meeting);
  return (
    <div class="statistics">
      <div class="statistics-list" tabIndex={0} role="region" aria-label={t('bar.statistics')}>{stats && <Figures view={viewOf(stats)} />}</div>
      <Copy meeting={call.meeting} />
    </div>
  );
}
