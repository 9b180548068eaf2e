import type { ComponentChildren } from 'preact';
import { CameraIcon, CameraOffIcon, MicIcon, MicOffIcon } from '../icons';
import { ChatIcon, HandIcon, LeaveIcon, MoreIcon, PeopleIcon, ScreenIcon, ScreenStopIcon, SmileIcon } from './icons';
import { t, type PlainKey } from '../language';
import { number } from '../format';
import { may } from '../permissions';
import { handRaised, toggleCamera, toggleHand, toggleMicrophone, toggleShare } from './actions';
import { LeaveMenu } from './host/lazy';
import { MoreMenu, ReactMenu } from './Menus';
import type { CallState } from './state';

interface ControlProps {
  /** The accessible name; it changes with the state. */
  name: PlainKey;
  /** The word under the icon, part of the name. */
  word: PlainKey;
  icon: ComponentChildren;
  onPress: () => void;
  class?: string;
  keys?: string;
  off?: boolean;
  active?: boolean;
  expanded?: boolean;
  controls?: string;
  badge?: number;
  badgeText?: string;
}

/** A button of the bar: icon, word, and a name that says what pressing it does. */
function Control(p: ControlProps) {
  const name = t(p.name);
  const badgeId = p.badge ? `badge-${p.name}` : undefined;
  // The count is drawn by the style sheet and its words stand beside the button:
  // text within the button would have to be part of its name (WCAG 2.5.3).
  const button = (
    <button
      type="button" class={`control ${p.class ?? ''}`} aria-label={name} title={p.keys ? `${name} (${p.keys})` : name}
      data-off={p.off || undefined} data-active={p.active || undefined}
      aria-expanded={p.expanded} aria-controls={p.expanded ? p.controls : undefined} aria-describedby={badgeId} onClick={p.onPress}
    >
      {p.icon}
      <span class="control-word" aria-hidden="true">{t(p.word)}</span>
      {p.badge ? <span class="badge" aria-hidden="true" data-count={number(p.badge)} /> : null}
    </button>
  );
  return <>{button}{badgeId && <span id={badgeId} class="aside">{p.badgeText}</span>}</>;
}

function Devices({ call }: { call: CallState }) {
  const mic = call.meeting.local.microphone.value.on;
  const cam = call.meeting.local.camera.value.on;
  return (
    <>
      <Control name={mic ? 'bar.mute' : 'bar.unmute'} word={mic ? 'word.mute' : 'word.unmute'} icon={mic ? <MicIcon /> : <MicOffIcon />} off={!mic} active={call.talking.value} keys="M" onPress={() => toggleMicrophone(call)} />
      <Control name={cam ? 'bar.cameraOff' : 'bar.cameraOn'} word={cam ? 'word.cameraOff' : 'word.cameraOn'} icon={cam ? <CameraIcon /> : <CameraOffIcon />} off={!cam} keys="V" onPress={() => toggleCamera(call)} />
    </>
  );
}

function Share({ call }: { call: CallState }) {
  const on = call.meeting.local.screen.value.on;
  return <Control class="roomy" name={on ? 'bar.stopShare' : 'bar.share'} word={on ? 'word.stop' : 'word.share'} icon={on ? <ScreenStopIcon /> : <ScreenIcon />} active={on} keys="S" onPress={() => void toggleShare(call)} />;
}

function Gestures({ call }: { call: CallState }) {
  const up = handRaised(call);
  const open = call.menu.value === 'react';
  return (
    <>
      <Control name={up ? 'bar.lower' : 'bar.raise'} word="word.hand" icon={<HandIcon />} active={up} keys="H" onPress={() => toggleHand(call)} />
      <div class="anchor roomy">
        <Control name="bar.react" word="bar.react" icon={<SmileIcon />} expanded={open} controls="react" onPress={() => call.toggleMenu('react')} />
        {open && <ReactMenu call={call} />}
      </div>
    </>
  );
}

function Panels({ call }: { call: CallState }) {
  const unread = call.unread.value;
  const hands = call.hands.value.length;
  const panel = call.panel.value;
  const more = call.menu.value === 'more';
  return (
    <>
      <Control name="bar.chat" word="bar.chat" icon={<ChatIcon />} expanded={panel === 'chat'} controls="panel" badge={unread} badgeText={t('bar.unread', { n: unread })} keys="C" onPress={() => call.togglePanel('chat')} />
      <Control class="roomy" name="bar.people" word="bar.people" icon={<PeopleIcon />} expanded={panel === 'people'} controls="panel" badge={hands} badgeText={t('bar.hands', { n: hands })} keys="P" onPress={() => call.togglePanel('people')} />
      <div class="anchor">
        <Control name="bar.more" word="bar.more" icon={<MoreIcon />} expanded={more} controls="more" onPress={() => call.toggleMenu('more')} />
        {more && <MoreMenu call={call} />}
      </div>
    </>
  );
}

/** Who may end the meeting for all is asked which it is to be, unless nobody else is there. */
function Leave({ call }: { call: CallState }) {
  const { meeting } = call;
  const asks = may(meeting, 'end') && meeting.participants.value.length > 1;
  const open = asks && call.menu.value === 'leave';
  return (
    <div class="bar-leave anchor">
      <Control class="leave" name="bar.leave" word="bar.leave" icon={<LeaveIcon />} expanded={asks ? open : undefined} controls="leave" onPress={() => (asks ? call.toggleMenu('leave') : meeting.leave())} />
      {open && <LeaveMenu call={call} />}
    </div>
  );
}

/** The one bar of controls; nobody is shown what their role may not do. */
export function Bar({ call }: { call: CallState }) {
  const [publish, share, signal] = [may(call.meeting, 'publish'), may(call.meeting, 'share'), may(call.meeting, 'signal')];
  return (
    <div class="bar" role="toolbar" aria-label={t('bar.label')} id="bar">
      {(publish || share) && <div class="bar-group">{publish && <Devices call={call} />}{share && <Share call={call} />}</div>}
      {signal && <div class="bar-group"><Gestures call={call} /></div>}
      <div class="bar-group"><Panels call={call} /></div>
      <Leave call={call} />
    </div>
  );
}
