import { useEffect } from 'preact/hooks';
import { may, type Action } from '../permissions';
import { preferences } from '../preferences';
import { pushToTalk, toggleCamera, toggleFullscreen, toggleHand, toggleMicrophone, toggleShare } from './actions';
import { commandFor, isControl, isWriting, type Command } from './shortcuts';
import type { CallState } from './state';

/** What some commands need the permission for. */
const needs: Partial<Record<Command, Action>> = { microphone: 'publish', talk: 'publish', camera: 'publish', share: 'share', hand: 'signal' };

function carryOut(call: CallState, command: Exclude<Command, 'talk'>): void {
  const acts: Record<typeof command, () => void> = {
    microphone: () => toggleMicrophone(call),
    camera: () => toggleCamera(call),
    share: () => void toggleShare(call),
    hand: () => toggleHand(call),
    chat: () => call.togglePanel('chat'),
    people: () => call.togglePanel('people'),
    statistics: () => call.togglePanel('statistics'),
    view: () => call.toggleView(),
    fullscreen: () => toggleFullscreen(call),
    help: () => call.openDialog('keys'),
    bar: () => document.querySelector<HTMLElement>('#bar button')?.focus(),
  };
  acts[command]();
}

/** Listens for the shortcuts of the call while no dialog is open. */
export function useShortcuts(call: CallState): void {
  useEffect(() => {
    let endTalk: (() => void) | null = null;
    const down = (event: KeyboardEvent) => {
      // The dialog itself, not our note of it: its close event comes a moment after it is gone.
      if (document.querySelector('dialog[open]') || event.defaultPrevented) return;
      const focused = document.activeElement;
      const command = commandFor(event, { singleKeys: preferences.keys.peek(), writing: isWriting(focused), onControl: isControl(focused) });
      const need = command && needs[command];
      if (!command || (need && !may(call.meeting, need))) return;
      event.preventDefault();
      if (command === 'talk') endTalk ??= pushToTalk(call);
      else carryOut(call, command);
    };
    const release = () => {
      endTalk?.();
      endTalk = null;
    };
    const up = (event: KeyboardEvent) => { if (event.key === ' ') release(); };
    document.addEventListener('keydown', down);
    document.addEventListener('keyup', up);
    window.addEventListener('blur', release);
    return () => {
      release();
      document.removeEventListener('keydown', down);
      document.removeEventListener('keyup', up);
      window.removeEventListener('blur', release);
    };
  }, []);
}
