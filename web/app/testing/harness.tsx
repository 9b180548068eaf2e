/**
 * A page for looking at states without a server: /app/testing/?state=call&people=5
 * Not part of the build.
 */
import '../styles/index.css'; // first, as on the page: it says in which order the layers count
import { render } from 'preact';
import type { Incoming, WeakLink } from '../../sdk';
import type { ErrorCode, Reason, Role } from '../../sdk/protocol';
import { Room } from '../App';
import { Call } from '../call/Call';
import type { CallState, DialogName, Menu, PanelName } from '../call/state';
import { toast } from '../call/toasts';
import { Home } from '../home/Home';
import { language, t } from '../language';
import { rememberRoom } from '../memory';
import { Message } from '../states/Message';
import { LiveRegions } from '../ui/announce';
import { FakeMeeting, person } from './fake';
import { picture } from './faces';
import { breakApart } from './breakouts';
import { samplePolls } from './polls';
import { snapshot } from './snapshot';

const query = new URLSearchParams(location.search);
const state = query.get('state') ?? 'home';
const names = ['Ana Duarte', 'Bruno', 'Chloé Lefèvre', 'Dmitri', 'Elif Aydın', 'Farid', 'Grace Okafor', 'Hélène', 'Ivo', 'Jun Watanabe', 'Karim', 'Léa Moreau', 'Mina', 'Noé', 'Olga', 'Paul', 'Quentin', 'Rosa', 'Sami', 'Tess', 'Uma', 'Viktor', 'Wanda', 'Xavier', 'Yara', 'Zoé'];

function device(kind: MediaDeviceKind, label: string): MediaDeviceInfo {
  return { kind, label, deviceId: label, groupId: '', toJSON: () => ({}) };
}

function fill(meeting: FakeMeeting): void {
  const { fake } = meeting;
  fake.devices.value = {
    microphones: [device('audioinput', 'Built-in microphone'), device('audioinput', 'Yeti Nano (b58e:0005)')],
    cameras: [device('videoinput', 'Integrated camera (04f2:b6d9)')],
    speakers: [device('audiooutput', 'Built-in speakers')],
  };
  fake.preview.value = picture(0);
  fake.level.value = 0.55;
  if (query.has('camera')) fake.camera.value = { ...fake.camera.value, on: query.get('camera') === 'on' };
  if (query.has('mic')) fake.microphone.value = { ...fake.microphone.value, on: query.get('mic') === 'on' };
  const error = query.get('error') as 'denied' | 'busy' | 'none' | 'system' | null;
  if (error) {
    fake.microphone.value = { ...fake.microphone.value, on: false, error };
    fake.camera.value = { ...fake.camera.value, on: false, error };
    fake.preview.value = null;
  }
  if (query.has('asking')) {
    fake.camera.value = { ...fake.camera.value, pending: true };
    fake.preview.value = null;
  }
  meeting.preview.value = { count: Number(query.get('in') ?? 3), names: ['Bruno', 'Chloé', 'Dmitri'].slice(0, Number(query.get('in') ?? 3)) };
}

function gather(meeting: FakeMeeting, count: number): void {
  const people = Array.from({ length: count }, (_, i) => person(`p${i}`, names[i % names.length] ?? '', {
    self: i === 0, role: i === 1 ? 'host' : 'member',
    hand: query.has('hands') && (i === 2 || i === 4) ? 1000 - i : 0,
    away: query.has('away') && i === 3,
    media: { microphone: i % 3 !== 2, camera: i % 5 !== 3, screen: i > 0 && i <= Number(query.get('screens') ?? 0), screenAudio: false },
  }));
  people.forEach((one, i) => {
    if (one.media.camera) meeting.stream(one.id, 'camera').value = { stream: picture(i, 'person', query.has('portrait') && i === 1 ? [360, 640] : [640, 360]) };
    if (one.media.screen) meeting.stream(one.id, 'screen').value = { stream: picture(i, 'screen') };
  });
  meeting.participants.value = people;
  if (count > 1) meeting.speakers.value = { speaking: ['p1'], dominant: 'p1' };
  const at = new Date(2026, 10, 21, 14, 2).getTime();
  meeting.chat.value = [
    ['p1', 'Bruno', 'The press is booked, dates are here: https://olives.example/press'],
    ['p1', 'Bruno', 'Chloé, can you check the north field?'],
    ['p2', 'Chloé Lefèvre', 'Yes. Two lines leak, I will send pictures after lunch.'],
    ['p0', 'Ana Duarte', 'Thanks both. Then we decide on Thursday.'],
  ].map(([participant = '', name = '', text = ''], i) => ({ id: String(i), participant, name, text, at: at + i * 50_000, mine: participant === 'p0', state: 'sent' as const }));
}

function arrange(call: CallState): void {
  if (query.has('panel')) call.panel.value = query.get('panel') as PanelName;
  if (query.has('menu')) call.menu.value = query.get('menu') as Menu;
  if (query.has('dialog')) call.dialog.value = query.get('dialog') as DialogName;
  if (query.has('view')) call.view.value = query.get('view') as 'grid' | 'speaker';
  if (query.has('sound')) call.soundBlocked.value = true;
  if (query.has('unread')) call.seen.value = 0;
  if (query.has('told')) call.broadcast.value = { id: '1', participant: 'p1', name: 'Bruno', text: query.get('told') ?? '', at: 0 };
  if (query.has('toasts')) {
    toast(call, t('toast.joinedMore', { name: 'Bruno', n: 4 }));
    toast(call, t('stage.mutedTalking'), 'polite', { label: t('bar.unmute'), run: () => undefined });
  }
}

function scene(meeting: FakeMeeting) {
  const room = meeting.options.room;
  const ended = query.get('ended') as Reason | null;
  const failure = query.get('failure') as ErrorCode | null;
  if (state === 'home') {
    if (query.has('recent')) ['team-monday', room].forEach((name) => rememberRoom(name, new Date(2026, 10, 19).getTime()));
    return <Home go={() => undefined} version="0.1.0" />;
  }
  if (state === 'nothing') return <Message title={t('fail.page')} hint={t('fail.pageHint')} />;
  if (ended) meeting.ended.value = { reason: ended, duration: 4_020_000 };
  if (failure) meeting.failure.value = { code: failure, message: '', retryable: false };
  if (state === 'call') {
    meeting.phase.value = query.has('lost') ? 'reconnecting' : 'joined';
    return <Call meeting={meeting.session} start={arrange} />;
  }
  if (query.has('phase')) meeting.phase.value = query.get('phase') as 'waiting';
  if (query.has('step')) meeting.step.value = query.get('step') as 'securing';
  return <Room meeting={meeting.session} onAgain={() => undefined} onHome={() => undefined} />;
}

/** Connections, and what is not wanted of them. */
function weaken(meeting: FakeMeeting): void {
  if (query.has('quality')) meeting.quality.value = { p0: { up: 1, down: 3 }, p1: { up: 3, down: 3 }, p2: { up: 2, down: 3 }, p3: { up: 0, down: 1 }, p4: { up: 1, down: 1 } };
  const whose = query.get('link') as WeakLink['whose'];
  if (whose) meeting.link.value = { whose, participant: 'p2', direction: query.get('way') as 'up', bars: 1 };
  if (query.has('incoming')) meeting.incoming.value = query.get('incoming') as Incoming;
  if (query.has('audio')) meeting.setAudioOnly(true);
  if (query.has('role')) meeting.self.value = { id: 'p0', name: 'Ana Duarte', role: query.get('role') as Role };
  if (query.has('paused')) meeting.participants.value.slice(1, 3).forEach(({ id }, i) => { meeting.stream(id, 'camera').value = { ...meeting.stream(id, 'camera').value, paused: i ? 'codec' : 'bandwidth' }; });
  meeting.snapshot = snapshot;
}

const meeting = new FakeMeeting();
fill(meeting);
gather(meeting, Number(query.get('people') ?? 0));
weaken(meeting);
if (query.has('breakouts')) breakApart(meeting, query.get('breakouts') ?? '', query.get('as') !== 'guest');
if (query.has('polls')) meeting.topic('polls').value = { polls: samplePolls() };
if (query.has('host')) {
  meeting.about.value = {
    ...meeting.about.value, roles: ['host', 'co-host', 'presenter', 'member', 'guest', 'viewer'], locked: query.has('locked'), maxPeople: 100,
    banned: query.has('banned') ? [{ id: 'b1', name: 'Mallory' }] : [], least: { share: 'presenter' },
  };
}
if (query.has('knock')) meeting.knocks.value = [{ participant: 'k1', name: 'Mireille Dupont' }, { participant: 'k2', name: 'Omar' }];
if (query.has('sharing')) {
  meeting.fake.screen.value = { ...meeting.fake.screen.value, on: true };
  meeting.fake.screenPreview.value = picture(1, 'screen');
}
document.documentElement.lang = language.value;
const root = document.getElementById('app');
if (root) render(<>{scene(meeting)}<LiveRegions /></>, root);
if (query.has('reactions')) setTimeout(() => { ['👍', '🎉', '❤️'].forEach((emoji) => meeting.react(emoji)); }, 900);
