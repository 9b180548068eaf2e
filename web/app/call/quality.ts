/** How good people's connections are, and the one sentence worth saying about it. Pure. */
import type { Bars, Incoming, LinkBars, Participant, WeakLink } from '../../sdk';
import { t } from '../language';

/** The bars of one person: the worse of both directions. Undefined while nobody knows, and for who is away: their tile says so in words. */
export function barsOf(grades: Readonly<Record<string, LinkBars>>, { id, away }: Pick<Participant, 'id' | 'away'>): Bars | undefined {
  const known = grades[id];
  if (!known || away) return undefined;
  return Math.min(known.up, known.down) as Bars;
}

/** Whose connection is weak, in words, and what it means: for who shows no picture (`seen`), it is the voice; '' when there is nothing to say. That the server is out of reach is said elsewhere. */
export function sentence({ whose, direction }: WeakLink, name: string, seen: boolean): string {
  if (whose === 'theirs') return name ? t('link.theirs', { name }) : '';
  if (whose !== 'mine') return '';
  if (direction === 'up') return t(seen ? 'link.mineUp' : 'link.mineUpSound');
  return t(direction === 'down' ? 'link.mineDown' : 'link.mine');
}

/** What would help a link of our own that stays poor. */
export type Remedy = 'incoming' | 'audio';

interface Now { incoming: Incoming; audioOnly: boolean; camera: boolean }

/** Receiving less helps a weak way down, sending no camera a weak way up; nothing is offered that is done already. */
export function remedy({ whose, direction, bars }: WeakLink, { incoming, audioOnly, camera }: Now): Remedy | null {
  if (whose !== 'mine' || bars > 1 || audioOnly) return null;
  if (direction !== 'up' && incoming === 'all') return 'incoming';
  return camera ? 'audio' : null;
}
