/** The results of polls as files, made from what this person may see. */
import type { Ballots, Poll } from '../../../sdk/protocol';

const formula = /^\s*[=+\-@＝＋－＠|%]/u;
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/gu;
const turning = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A cell that no spreadsheet takes for a formula, quoted as RFC 4180 wants. */
export function cell(value: string | number): string {
  const text = String(value).replace(control, ' ').replace(turning, '');
  const inert = typeof value === 'string' && formula.test(text) ? `'${text}` : text;
  return /[",;]/.test(inert) ? `"${inert.replace(/"/g, '""')}"` : inert;
}

/** A row for each option, with who chose it where that is known. */
export function table(poll: Poll, ballots: Ballots['votes']): string {
  const rows: (string | number)[][] = [['question', 'answer', 'votes', 'people', 'voters']];
  poll.options.forEach((option, i) => {
    const voters = ballots.filter((ballot) => ballot.choice.includes(i)).map((ballot) => ballot.name);
    rows.push([poll.question, option, poll.counts?.[i] ?? '', poll.people, voters.join('; ')]);
  });
  return rows.map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

export function json(poll: Poll, ballots: Ballots['votes']): string {
  const { question, options, multiple, anonymous, asker, state, people, counts } = poll;
  const moment = (at?: number): string | undefined => (at ? new Date(at).toISOString() : undefined);
  const votes = poll.anonymous ? undefined : ballots;
  return `${JSON.stringify({ question, options, multiple, anonymous, asker, state, opened: moment(poll.opened), closed: moment(poll.closed), people, counts, votes }, null, 2)}\n`;
}

/** Gives the reader a file. */
export function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([type === 'text/csv' ? `\ufeff${text}` : text], { type: `${type};charset=utf-8` }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
