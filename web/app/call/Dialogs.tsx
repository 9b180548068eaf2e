import { t, type PlainKey } from '../language';
import { preferences } from '../preferences';
import { DeviceMenus } from '../prejoin/Devices';
import { Dialog } from '../ui/Dialog';
import { LanguageChoice } from '../ui/LanguageChoice';
import { Meter } from '../ui/Meter';
import { Invitation } from './Alone';
import type { CallState } from './state';

interface SwitchProps { name: PlainKey; hint?: PlainKey; field: keyof typeof preferences }

function Switch({ name, hint, field }: SwitchProps) {
  const value = preferences[field];
  return (
    <label class="switch">
      <input type="checkbox" role="switch" checked={value.value} onChange={(event) => { value.value = event.currentTarget.checked; }} />
      <span>{t(name)}{hint && <small>{t(hint)}</small>}</span>
    </label>
  );
}

function Settings({ call }: { call: CallState }) {
  return (
    <>
      <DeviceMenus local={call.meeting.local} />
      <Meter level={call.meeting.local.level} />
      <div>
        <Switch name="settings.mirror" field="mirror" />
        <Switch name="settings.sounds" field="sounds" />
        <Switch name="settings.keys" hint="settings.keysHint" field="keys" />
      </div>
      <LanguageChoice labelled />
    </>
  );
}

function command(key: string): string {
  return /Mac|iP(hone|ad)/.test(navigator.platform) ? `⌘ ${key}` : `Ctrl ${key}`;
}

function Keys() {
  const rows: [PlainKey, string[]][] = [
    ['keys.microphone', ['M', command('D')]], ['keys.camera', ['V', command('E')]], ['keys.talk', [t('keys.space')]],
    ['keys.share', ['S']], ['keys.hand', ['H']], ['keys.chat', ['C']], ['keys.people', ['P']],
    ['keys.view', ['G']], ['keys.fullscreen', ['F']], ['keys.bar', ['F2']], ['keys.help', ['?']],
  ];
  return (
    <>
      <dl class="keys">
        {rows.map(([name, keys]) => [<dt key={name}>{t(name)}</dt>, <dd key={`${name}-keys`}>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dd>])}
      </dl>
      <Switch name="settings.keys" hint="settings.keysHint" field="keys" />
    </>
  );
}

const titles = { settings: 'bar.settings', keys: 'menu.shortcuts', invite: 'menu.invite' } as const;

/** The dialog that is open, if any. */
export function Dialogs({ call }: { call: CallState }) {
  const name = call.dialog.value;
  if (!name) return null;
  return (
    <Dialog key={name} title={t(titles[name])} onClose={() => { call.dialog.value = null; }}>
      {name === 'settings' && <Settings call={call} />}
      {name === 'keys' && <Keys />}
      {name === 'invite' && <Invitation room={call.meeting.options.room} />}
    </Dialog>
  );
}
