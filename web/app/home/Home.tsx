import { useEffect, useId, useState } from 'preact/hooks';
import { ArrowIcon, Mark } from '../icons';
import { t, type PlainKey } from '../language';
import { day } from '../format';
import { memory, recentRooms } from '../memory';
import { readLink, roomPath, roomTitle } from '../route';
import { LanguageChoice } from '../ui/LanguageChoice';
import { later } from '../ui/later';
import { createRoom } from './create';

const schedule = later(async () => (await import('./schedule/Schedule')).Schedule);

interface Props { go: (path: string) => void; version: string }

function Start({ go }: Pick<Props, 'go'>) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<PlainKey | null>(null);
  const [scheduling, setScheduling] = useState(false);
  const start = async () => {
    setBusy(true);
    setProblem(null);
    const made = await createRoom();
    setBusy(false);
    if ('room' in made) go(roomPath(made.room));
    else setProblem(made.problem);
  };
  return (
    <>
      <div class="home-start">
        <button type="button" class="button primary big" disabled={busy} onClick={() => void start()}>
          {t(busy ? 'home.starting' : 'home.start')}
        </button>
        <button type="button" class="button big" onClick={() => setScheduling(true)}>{t('home.schedule')}</button>
        <p class="wrong" role="alert">{problem && t(problem)}</p>
      </div>
      {scheduling && <schedule.Part go={go} onClose={() => setScheduling(false)} />}
    </>
  );
}

function JoinField({ go }: Pick<Props, 'go'>) {
  const id = useId();
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    const read = readLink(text, location.origin);
    if (read.kind === 'room') go(roomPath(read.room) + read.hash);
    else setProblem(read.kind === 'elsewhere' ? t('home.elsewhere', { host: read.host }) : t('home.invalid'));
  };
  return (
    <form class="home-join" onSubmit={submit} noValidate>
      <label class="label" for={id}>{t('home.field')}</label>
      <div class="home-join-row">
        <input
          id={id} class="field" type="text" inputMode="url" autoComplete="off" autoCapitalize="none" spellcheck={false}
          placeholder={t('home.example')} value={text} aria-invalid={problem !== ''} aria-describedby={`${id}-problem`}
          onInput={(event) => { setText(event.currentTarget.value); setProblem(''); }}
        />
        <button type="submit" class="button">{t('door.join')}</button>
      </div>
      <p id={`${id}-problem`} class="wrong" role="alert">{problem}</p>
    </form>
  );
}

function Recents({ go }: Pick<Props, 'go'>) {
  const [rooms, setRooms] = useState(recentRooms);
  if (rooms.length === 0) return null;
  const forget = () => { memory.drop('recent'); setRooms([]); };
  const open = (event: MouseEvent, path: string) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(path);
  };
  return (
    <section class="home-recent" aria-labelledby="recent">
      <div class="home-recent-head">
        <h2 id="recent">{t('home.recent')}</h2>
        <button type="button" class="text-button" onClick={forget}>{t('home.forget')}</button>
      </div>
      <ul>
        {rooms.map(({ room, at }) => (
          <li key={room}>
            <a href={roomPath(room)} onClick={(event) => open(event, roomPath(room))}>
              <span class="home-recent-name">{roomTitle(room)}</span>
              <span class="home-recent-day">{day(at)}</span>
              <ArrowIcon size={18} />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Only for the eye: it comes when everything that is needed has, or not at all. */
const { Part: LazyTree } = later(async () => (await import('./Tree')).Tree, () => undefined);

/** The start page: one thing to do, and one other. */
export function Home({ go, version }: Props) {
  useEffect(() => { document.title = t('app.name'); });
  return (
    <div class="home">
      <header class="home-head"><Mark size={32} /><span>{t('app.name')}</span></header>
      <main class="home-main">
        <h1>{t('home.sentence')}</h1>
        <Start go={go} />
        <JoinField go={go} />
        <Recents go={go} />
        <ul class="home-why">
          <li>{t('home.why1')}</li>
          <li>{t('home.why2')}</li>
          <li>{t('home.why3')}</li>
        </ul>
      </main>
      <LazyTree />
      <footer class="home-foot">
        <span>{t('app.version', { version })}</span>
        <LanguageChoice />
      </footer>
    </div>
  );
}
