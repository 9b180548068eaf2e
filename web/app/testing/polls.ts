/** Polls in every state, to show and test the panel. */
import type { Poll } from '../../sdk/protocol';

export function poll(id: string, more: Partial<Poll> = {}): Poll {
  return {
    id, question: 'When shall we meet next?', options: ['Thursday morning', 'Friday', 'Next week'], multiple: false, anonymous: false,
    results: 'live', state: 'open', asker: 'Ana', own: false, manage: false, voted: false, choice: [], shared: false, people: 0, opened: Date.now(),
    ...more,
  };
}

/** As a host sees them. */
export function samplePolls(): Poll[] {
  return [
    poll('draft', { question: 'Who takes the minutes?', options: ['Bruno', 'Chloé Lefèvre', 'Dmitri'], state: 'draft', own: true, manage: true }),
    poll('closed', { question: 'Which fields need new lines?', options: ['North', 'South, along the river and up to the old mill by the road', 'West'], multiple: true, state: 'closed', own: true, manage: true, voted: true, choice: [0, 1], people: 8, counts: [7, 5, 1], results: 'closed' }),
    poll('anonymous', { question: 'Was this meeting worth the hour?', options: ['Yes', 'No'], anonymous: true, results: 'private', asker: 'Bruno', people: 3 }),
    poll('open', { own: true, manage: true, voted: true, choice: [1], people: 5, counts: [2, 3, 0], asker: 'Ana Duarte' }),
  ];
}
