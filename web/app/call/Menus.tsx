import type { ComponentChildren } from 'preact';
import { CheckIcon, ExpandIcon, EyeIcon, EyeOffIcon, GridIcon, HeadphonesIcon, InviteIcon, KeyboardIcon, LockIcon, PeopleIcon, ScreenIcon, ScreenStopIcon, SettingsIcon, SpeakerViewIcon } from './icons';
import { t, type PlainKey } from '../language';
import { may } from '../permissions';
import { preferences } from '../preferences';
import { Popover } from '../ui/Popover';
import { react, toggleFullscreen, toggleShare } from './actions';
import { reactions } from './emoji';
import { IncomingChoice } from './Incoming';
import { panelNames, panels } from './panels';
import type { CallState } from './state';

function Reactions({ call }: { call: CallState }) {
  return (
    <div class="reaction-row">
      {reactions.map(({ emoji, name }) => (
        <button key={emoji} type="button" class="reaction-choice" aria-label={t(name)} title={t(name)} onClick={() => react(call, emoji)}>{emoji}</button>
      ))}
    </div>
  );
}

export function ReactMenu({ call }: { call: CallState }) {
  return <Popover id="react" class="popover-react" label={t('bar.react')} onClose={() => { call.menu.value = null; }}><Reactions call={call} /></Popover>;
}

interface ItemProps { icon: ComponentChildren; name: PlainKey; onPress: () => void; class?: string; keys?: string; on?: boolean }

/** A line of the menu; with `on` it is something that is switched. */
function Item({ icon, name, onPress, class: extra = '', keys, on }: ItemProps) {
  return (
    <button type="button" class={`menu-item ${extra}`} aria-pressed={on} onClick={onPress}>
      {icon}<span>{t(name)}</span>{on && <CheckIcon size={18} />}{keys && <kbd aria-hidden="true">{keys}</kbd>}
    </button>
  );
}

function ViewItems({ call }: { call: CallState }) {
  const speaker = call.view.value === 'speaker';
  const self = preferences.self.value;
  const close = (act: () => void) => () => { act(); call.menu.value = null; };
  return (
    <>
      <Item icon={speaker ? <GridIcon /> : <SpeakerViewIcon />} name={speaker ? 'menu.grid' : 'menu.speaker'} keys="G" onPress={close(() => call.toggleView())} />
      <Item icon={self ? <EyeOffIcon /> : <EyeIcon />} name={self ? 'menu.hideSelf' : 'menu.showSelf'} onPress={close(() => { preferences.self.value = !self; })} />
      {document.fullscreenEnabled && (
        <Item icon={<ExpandIcon />} name={document.fullscreenElement ? 'menu.exitFullscreen' : 'menu.fullscreen'} keys="F" onPress={() => toggleFullscreen(call)} />
      )}
    </>
  );
}

function ReceiveItems({ call: { meeting } }: { call: CallState }) {
  const audioOnly = meeting.audioOnly.value;
  return (
    <>
      <Item icon={<HeadphonesIcon />} name="audio.name" on={audioOnly} onPress={() => meeting.setAudioOnly(!audioOnly)} />
      <IncomingChoice meeting={meeting} />
    </>
  );
}

/** The panels that have no button of their own in the bar. */
function PanelItems({ call }: { call: CallState }) {
  const listed = panelNames.filter((name) => !panels[name].barred && (panels[name].offered?.(call) ?? true));
  return (
    <>
      {listed.map((name) => {
        const { icon: Icon, title, key } = panels[name];
        return <Item key={name} icon={<Icon />} name={title} keys={key} onPress={() => call.togglePanel(name)} />;
      })}
    </>
  );
}

/** What is needed less often; on narrow pages also what the bar has no room for. */
export function MoreMenu({ call }: { call: CallState }) {
  const { local } = call.meeting;
  const sharing = local.screen.value.on;
  return (
    <Popover id="more" class="popover-more" label={t('bar.more')} onClose={() => { call.menu.value = null; }}>
      {may(call.meeting, 'signal') && <div class="only-narrow"><Reactions call={call} /></div>}
      {may(call.meeting, 'share') && (sharing || local.canShareScreen) && (
        <Item class="only-narrow" icon={sharing ? <ScreenStopIcon /> : <ScreenIcon />} name={sharing ? 'bar.stopShare' : 'bar.share'} onPress={() => void toggleShare(call)} />
      )}
      <Item class="only-narrow" icon={<PeopleIcon />} name="bar.people" onPress={() => call.togglePanel('people')} />
      <Item icon={<InviteIcon />} name="menu.invite" onPress={() => call.openDialog('invite')} />
      {may(call.meeting, 'configure') && <Item icon={<LockIcon />} name="menu.room" onPress={() => call.openDialog('room')} />}
      <ViewItems call={call} />
      <hr />
      <ReceiveItems call={call} />
      <hr />
      <Item icon={<SettingsIcon />} name="bar.settings" onPress={() => call.openDialog('settings')} />
      <PanelItems call={call} />
      <Item class="for-keyboard" icon={<KeyboardIcon />} name="menu.shortcuts" keys="?" onPress={() => call.openDialog('keys')} />
    </Popover>
  );
}
