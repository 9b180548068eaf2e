import type { Phase, Step } from './model';

/** How far we have come, whatever the connection is doing. */
export type Stage = 'outside' | 'door' | 'joining' | 'waiting' | 'joined' | 'ended';

/** What a phase follows from. */
export interface Situation {
  stage: Stage;
  /** Signalling stands. */
  up: boolean;
  /** We were in, the server forgot us, and we are on our way back in. */
  returning: boolean;
  media: 'none' | 'securing' | 'connected' | 'interrupted';
}

/** phaseOf says where a person is: being cut off shows only where there is something to lose. */
export function phaseOf({ stage, up, returning, media }: Situation): Phase {
  switch (stage) {
    case 'outside':
      return 'connecting';
    case 'door':
      return up ? 'door' : 'connecting';
    case 'waiting':
      return up ? 'waiting' : 'reconnecting';
    case 'joined':
      return up && !returning && media !== 'interrupted' ? 'joined' : 'reconnecting';
    default:
      return stage;
  }
}

/** stepOf says what the preparation is busy with. Without media there is nothing to secure. */
export function stepOf({ up, media }: Pick<Situation, 'up' | 'media'>): Step {
  if (!up) return 'signalling';
  return media === 'connected' || media === 'none' ? 'ready' : 'securing';
}
