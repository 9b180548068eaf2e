import { t, type PlainKey } from '../language';
import { preferences } from '../preferences';
import { DeviceMenus } from '../prejoin/Devices';
import { Dialog } from '../ui/Dialog';
import { later } from '../ui/later';
import { LanguageChoice } from '../ui/LanguageChoice';
import { may, type Action } from '../permissions';
import { Meter } from '../ui/Meter';
import { Switch } from '../ui/Switch';
import { Invitation } from './Alone';
import { RoomSettings } from './host/lazy';
import { IncomingChoice } from './Incoming';
import { ShareMode, shareWords } from './ShareMode';
import type { CallState } from './state';

function Preference({ field, ...words }: { field: keyof typeof preferences; name: PlainKey; hint?: PlainKey }) {
  const value = preferences[field];
  return <Switch {...words} on={value.value} onSwitch={(on) => { value.value = on; }} />;
}

function VideoSettings({ call: { meeting } }: { call: CallState }) {
  const { local } = meeting;
  return (
    <section>
      <h3>{t('settings.video')}</h3>
      {may(meeting, 'publish') && <Preference name="settings.mirror" field="mirror" />}
      <Switch name="audio.name" hint="audio.hint" on={meeting.audioOnly.value} onSwitch={(on) => meeting.setAudioOnly(on)} />
      <IncomingChoice meeting={meeting} />
      {may(meeting, 'share') && local.canShareScreen && <><ShareMode local={local} /><p class="hint">{shareWords(local)}</p></>}
    </section>
  );
}

function Settings({ call }: { call: CallState }) {
  const { local } = call.meeting;
  const publishes = may(call.meeting, 'publish');
  return (
    <>
      <DeviceMenus local={local} outputOnly={!publishes} />
      {publishes && <Meter level={local.level} />}
      {publishes && <Switch name="settings.music" hint="settings.musicHint" on={local.music.value} onSwitch={(on) => local.setMusic(on)} />}
      <VideoSettings call={call} />
      <section>
        <h3>{t('settings.page')}</h3>
        <Preference name="settings.sounds" field="sounds" />
        <Preference name="settings.keys" hint="settings.keysHint" field="keys" />
      </section>
      <LanguageChoice labelled />
    </>
  );
}

function command(key: string): string {
  return /Mac|iP(hone|ad)/.test(navigator.platform) ? `⌘ ${key}` : `Ctrl ${key}`;
}

function Keys({ call }: { call: CallState }) {
  const all: [PlainKey, string[], Action?][] = [
    ['keys.microphone', ['M', command('D')], 'publish'], ['keys.camera', ['V', command('E')], 'publish'], ['keys.talk', [t('keys.space')], 'publish'],
    ['keys.share', ['S'], 'share'], ['keys.hand', ['H'], 'signal'], ['keys.chat', ['C']], ['keys.people', ['P']],
    ['keys.draw', ['A'], 'draw'], ['keys.point', ['L'], 'draw'],
    ['keys.statistics', ['I']], ['keys.view', ['G']], ['keys.fullscreen', ['F']], ['keys.bar', ['F2']], ['keys.help', ['?']],
  ];
  const rows = all.filter(([, , need]) => !need || may(call.meeting, need));
  return (
    <>
      <dl class="keys">
        {rows.map(([name, keys]) => [<dt key={name}>{t(name)}</dt>, <dd key={`${name}-keys`}>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dd>])}
      </dl>
      <Preference name="settings.keys" hint="settings.keysHint" field="keys" />
    </>
  );
}

const links = later<{ call: CallState }>(async () => (await import('./invite/Links')).Links, () => undefined);

const titles = { settings: 'bar.settings', keys: 'menu.shortcuts', invite: 'menu.invite', room: 'menu.room' } as const;

/** The dialog that is open, if any. */
export function Dialogs({ call }: { call: CallState }) {
  const name = call.dialog.value;
  if (!name) return null;
  return (
    <Dialog key={name} title={t(titles[name])} onClose={() => { call.dialog.value = null; }}>
      {name === 'settings' && <Settings call={call} />}
      {name === 'keys' && <Keys call={call} />}
      {name === 'room' && <RoomSettings call={call} />}
      {name === 'invite' && <Invitation room={call.meeting.options.room} />}
      {name === 'invite' && may(call.meeting, 'invite') && <links.Part call={call} />}
    </Dialog>
  );
}
