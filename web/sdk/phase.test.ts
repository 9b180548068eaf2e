import { expect, test } from 'vitest';
import { phaseOf, stepOf, type Situation } from './phase';

const calm: Situation = { stage: 'joined', up: true, returning: false, media: 'connected' };

test.each<[Partial<Situation>, string]>([
  [{ stage: 'outside', up: false, media: 'none' }, 'connecting'],
  [{ stage: 'door' }, 'door'],
  [{ stage: 'door', up: false }, 'connecting'],
  [{ stage: 'joining', up: false }, 'joining'],
  [{ stage: 'waiting' }, 'waiting'],
  [{ stage: 'waiting', up: false }, 'reconnecting'],
  [{}, 'joined'],
  [{ media: 'securing' }, 'joined'],
  [{ media: 'interrupted' }, 'reconnecting'],
  [{ up: false }, 'reconnecting'],
  [{ returning: true }, 'reconnecting'],
  [{ stage: 'ended', up: false }, 'ended'],
])('%j is %s', (change, phase) => {
  expect(phaseOf({ ...calm, ...change })).toBe(phase);
});

test.each<[Pick<Situation, 'up' | 'media'>, string]>([
  [{ up: false, media: 'connected' }, 'signalling'],
  [{ up: true, media: 'none' }, 'ready'],
  [{ up: true, media: 'securing' }, 'securing'],
  [{ up: true, media: 'interrupted' }, 'securing'],
  [{ up: true, media: 'connected' }, 'ready'],
])('%j is at %s', (situation, step) => {
  expect(stepOf(situation)).toBe(step);
});
