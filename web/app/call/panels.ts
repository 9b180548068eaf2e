/**
 * The panels at the right, in the order the menu lists them: what each is
 * called, who is offered it, and what draws it. Those that are not needed at
 * once come in files of their own, by `panel` of ./LazyPanel.
 */
import type { ComponentType } from 'preact';
import type { Icon } from '../icons';
import type { PlainKey } from '../language';
import { may } from '../permissions';
import { BreakoutIcon, ChartIcon, ChatIcon, PeopleIcon, PollIcon } from './icons';
import { panel } from './LazyPanel';
import { People } from './People';
import type { CallState, PanelName } from './state';

export interface PanelPart {
  readonly title: PlainKey;
  readonly icon: Icon;
  readonly Part: ComponentType<{ call: CallState }>;
  /** Whether somebody is offered it; default everybody. */
  readonly offered?: (call: CallState) => boolean;
  /** The key that opens it. */
  readonly key?: string;
  /** It has a button of its own in the bar where there is room. */
  readonly barred?: boolean;
}

export const panels: Readonly<Record<PanelName, PanelPart>> = {
  chat: { title: 'chat.title', icon: ChatIcon, Part: panel(async () => (await import('./chat/Chat')).Chat), barred: true },
  people: { title: 'people.title', icon: PeopleIcon, Part: People, barred: true },
  polls: { title: 'polls.title', icon: PollIcon, Part: panel(async () => (await import('./polls/Polls')).Polls) },
  breakouts: { title: 'breakouts.title', icon: BreakoutIcon, Part: panel(async () => (await import('./breakouts/Breakouts')).Breakouts), offered: ({ meeting }) => may(meeting, 'break') || meeting.topic('breakouts').value?.open === true },
  statistics: { title: 'bar.statistics', icon: ChartIcon, Part: panel(async () => (await import('./Statistics')).Statistics), key: 'I' },
};

export const panelNames = Object.keys(panels) as readonly PanelName[];
