import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { LocalMedia, Meeting, type Failure } from '../sdk';
import { Home } from './home/Home';
import { t } from './language';
import { LazyCall, LazyEnded, LazyFailed, LazyPassword, useRestSoon } from './lazy';
import { dropOwner, keepPassword, ownerToken, typedPassword } from './ownership';
import { may } from './permissions';
import { PreJoin } from './prejoin/PreJoin';
import { expose } from './report';
import { routeOf, tokenOf, type Route } from './route';
import type { Session } from './session';
import { Message } from './states/Message';
import { LiveRegions } from './ui/announce';
import { version } from './version';

interface RoomProps { meeting: Session; onAgain: () => void; onHome: () => void; onPassword?: (password: string) => void }

/** Everybody we were together with, ourselves left out. */
function useMet(meeting: Session): () => string[] {
  const met = useRef(new Map<string, string>());
  for (const person of meeting.participants.value) if (!person.self) met.current.set(person.id, person.name);
  return () => [...met.current.values()];
}

/** Whether the room's password is what is missing; who guessed too often waits at the same place. */
function asksPassword({ options }: Session, { code }: Failure): boolean {
  return code === 'password-needed' || code === 'password-wrong' || (code === 'rate-limited' && options.password !== undefined);
}

/** The screen that fits where a meeting stands. */
export function Room({ meeting, onAgain, onHome, onPassword = () => undefined }: RoomProps) {
  const met = useMet(meeting);
  useRestSoon();
  const entered = useRef(false);
  const { room } = meeting.options;
  const phase = meeting.phase.value;
  const failure = meeting.failure.value;
  const ended = meeting.ended.value;
  if (phase === 'joined') entered.current = true;
  if (ended) return <LazyEnded room={room} ended={ended} met={met()} onRejoin={onAgain} onHome={onHome} />;
  if (failure && asksPassword(meeting, failure)) {
    return <LazyPassword key={failure.message} room={room} failure={failure} onPassword={onPassword} onHome={onHome} />;
  }
  if (failure && !failure.retryable) return <LazyFailed room={room} failure={failure} onRetry={onAgain} onHome={onHome} />;
  if (phase === 'joined' || (entered.current && phase === 'reconnecting')) return <LazyCall meeting={meeting} />;
  return <PreJoin meeting={meeting} onCancel={() => { meeting.leave(); onHome(); }} />;
}

function usable(): 'yes' | 'old' | 'insecure' {
  if (typeof RTCPeerConnection === 'undefined' || !CSS.supports('color', 'light-dark(#000, #fff)')) return 'old';
  return window.isSecureContext ? 'yes' : 'insecure';
}

function RoomPage({ room, go }: { room: string; go: (path: string) => void }) {
  const [attempt, setAttempt] = useState(0);
  const local = useMemo(() => new LocalMedia(), []);
  const meeting = useMemo(() => new Meeting({ room, local, token: tokenOf(location.hash) ?? ownerToken(room), password: typedPassword(room) }), [room, attempt]);
  const again = () => setAttempt((last) => last + 1);
  const refused = meeting.failure.value?.code;
  useEffect(() => {
    if (refused === 'password-wrong') keepPassword(room, null);
    // What this browser kept does not count any more: go in as anybody would.
    if ((refused === 'unauthorized' || refused === 'forbidden') && !tokenOf(location.hash) && ownerToken(room)) {
      dropOwner(room);
      again();
    }
  }, [refused]);
  // Who may come to watch alone is asked for no camera: whoever brings an invitation waits for what it says.
  const publishes = meeting.self.value || !meeting.options.token ? may(meeting, 'publish') : false;
  const over = meeting.ended.value !== null || meeting.failure.value?.retryable === false;
  useEffect(() => {
    // Nobody is filmed by a page that says the meeting is over.
    if (over || !publishes) return undefined;
    // Who is given the right to send amid a meeting switches on what they like by themselves.
    void local.start(meeting.phase.peek() === 'joined' ? { microphone: false, camera: false } : {});
    return () => local.stop();
  }, [local, over, publishes]);
  useEffect(() => {
    expose(meeting);
    meeting.open();
    return () => meeting.close();
  }, [meeting]);
  return <Room key={attempt} meeting={meeting} onAgain={again} onHome={() => go('/')} onPassword={(password) => { keepPassword(room, password); again(); }} />;
}

function Screen({ route, go }: { route: Route; go: (path: string) => void }) {
  if (route.page === 'home') return <Home go={go} version={version} />;
  if (route.page === 'nothing') {
    return (
      <Message title={t('fail.page')} hint={t('fail.pageHint')}>
        <div class="message-actions"><button type="button" class="button primary" onClick={() => go('/')}>{t('app.home')}</button></div>
      </Message>
    );
  }
  const can = usable();
  if (can === 'old') return <Message title={t('fail.browser')} hint={t('fail.browserHint')} />;
  if (can === 'insecure') return <Message title={t('fail.insecure')} hint={t('fail.insecureHint')} />;
  return <RoomPage key={route.room} room={route.room} go={go} />;
}

/** The page. Its address is its state; moving about loads nothing anew. */
export function App() {
  const [route, setRoute] = useState<Route>(() => routeOf(location.pathname));
  useEffect(() => {
    const moved = () => setRoute(routeOf(location.pathname));
    window.addEventListener('popstate', moved);
    return () => window.removeEventListener('popstate', moved);
  }, []);
  const go = (path: string) => {
    history.pushState(null, '', path);
    setRoute(routeOf(location.pathname));
    window.scrollTo(0, 0);
  };
  return <><Screen route={route} go={go} /><LiveRegions /></>;
}
