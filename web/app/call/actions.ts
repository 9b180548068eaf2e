/** What buttons and keys do, in one place, so that both do the same. */
import { MeetingError, type FailureCode } from '../../sdk';
import { t, type PlainKey } from '../language';
import { announce } from '../ui/announce';
import type { CallState } from './state';
import { toast } from './toasts';

export function toggleMicrophone({ meeting }: CallState): void {
  void meeting.local.setMicrophone(!meeting.local.microphone.peek().on);
}

export function toggleCamera({ meeting }: CallState): void {
  void meeting.local.setCamera(!meeting.local.camera.peek().on);
}

export async function toggleShare(call: CallState): Promise<void> {
  const { local } = call.meeting;
  call.menu.value = null;
  if (local.screen.peek().on) {
    local.stopScreen();
    return;
  }
  if (!local.canShareScreen) {
    toast(call, t('bar.shareUnsupported'), 'urgent');
    return;
  }
  const outcome = await local.shareScreen();
  if (outcome === 'denied') toast(call, t('bar.shareDenied'), 'urgent');
}

export function handRaised({ meeting }: CallState): boolean {
  return meeting.participants.value.some((person) => person.self && Boolean(person.hand));
}

const refusals: Partial<Record<FailureCode, PlainKey>> = {
  forbidden: 'refused.forbidden', 'not-found': 'refused.gone', 'rate-limited': 'refused.fast', unreachable: 'refused.offline', unavailable: 'refused.offline',
};

/** Waits for the answer to a command, and says so when it was not done. */
export function attempt(call: CallState, command: Promise<unknown>): void {
  command.catch((error: unknown) => {
    const code = error instanceof MeetingError ? error.code : 'internal';
    toast(call, t(refusals[code] ?? 'refused.other'), 'urgent');
  });
}

export function toggleHand(call: CallState): void {
  attempt(call, call.meeting.hand(!handRaised(call)));
  call.menu.value = null;
}

export function react(call: CallState, emoji: string): void {
  call.meeting.react(emoji);
  call.menu.value = null;
}

export function toggleFullscreen(call: CallState): void {
  call.menu.value = null;
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.documentElement.requestFullscreen?.().catch(() => undefined);
}

/** Holds the microphone open; returns what ends it. */
export function pushToTalk(call: CallState): () => void {
  const { local } = call.meeting;
  if (local.microphone.peek().on) return () => undefined;
  void local.setMicrophone(true);
  call.talking.value = true;
  announce(t('stage.pushToTalk'));
  return () => {
    call.talking.value = false;
    void local.setMicrophone(false);
  };
}
