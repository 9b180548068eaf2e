import type { PlainKey } from '../language';

/** What one may send, with what it is called. */
export const reactions: readonly { emoji: string; name: PlainKey }[] = [
  { emoji: '👍', name: 'react.thumb' },
  { emoji: '❤️', name: 'react.heart' },
  { emoji: '😂', name: 'react.laugh' },
  { emoji: '😮', name: 'react.wow' },
  { emoji: '👏', name: 'react.clap' },
  { emoji: '🎉', name: 'react.party' },
];
