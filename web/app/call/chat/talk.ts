/** What one person is about to write: to whom, in answer to what, and which files are on their way. */
import { signal, type Signal } from '@preact/signals';
import { MeetingError, type Line } from '../../../sdk';
import { t } from '../../language';
import type { CallState } from '../state';
import { toast } from '../toasts';

/** A file on its way to the server. */
export interface Sending {
  readonly id: number;
  readonly name: string;
  /** From 0 to 1. */
  readonly done: Signal<number>;
  readonly cancel: () => void;
}

export class Talk {
  readonly reply = signal<Line | null>(null);
  readonly sending = signal<readonly Sending[]>([]);
  /** The line whose menu is open, whose text is being edited, and that was jumped to. */
  readonly open = signal('');
  readonly editing = signal('');
  readonly shown = signal('');
}

const talks = new WeakMap<CallState, Talk>();

/** What this call's person is about to write; it outlives the panel. */
export function talkOf(call: CallState): Talk {
  const known = talks.get(call) ?? new Talk();
  talks.set(call, known);
  return known;
}

/** To whom what is written goes: one person, or everyone. */
export function addressee(call: CallState): { to: string; toName: string; gone: boolean } | null {
  const to = call.whisper.value;
  if (!to) return null;
  const found = call.meeting.participants.value.find((person) => person.id === to.id);
  return { to: to.id, toName: found?.name ?? to.name, gone: !found };
}

/** A private line is answered in private. */
export function answer(call: CallState, line: Line): void {
  const talk = talkOf(call);
  talk.reply.value = line;
  talk.open.value = '';
  const other = line.mine ? { id: line.to ?? '', name: line.toName ?? '' } : { id: line.participant, name: line.name };
  if (line.to) call.whisper.value = other;
}

export function write(call: CallState, text: string): void {
  const talk = talkOf(call);
  const whom = addressee(call);
  const reply = talk.reply.peek();
  call.meeting.say(text, { ...(whom ? { to: whom.to, toName: whom.toName } : {}), ...(reply ? { reply } : {}) });
  talk.reply.value = null;
}

/** Sends files, one after the other. */
export async function attach(call: CallState, files: readonly File[]): Promise<void> {
  const talk = talkOf(call);
  const reply = talk.reply.peek();
  talk.reply.value = null;
  for (const file of files) await send(call, file, reply).catch((error: unknown) => explain(call, file.name, error));
}

async function send(call: CallState, file: File, reply: Line | null): Promise<void> {
  const whom = addressee(call);
  const name = file.name || 'file';
  const answered = await call.meeting.command('file-ticket', {
    name, size: file.size, ...(whom ? { to: whom.to } : {}), ...(reply ? { reply: reply.id } : {}),
  });
  if (answered.type !== 'file-ticket') return;
  const talk = talkOf(call);
  const request = new XMLHttpRequest();
  const one: Sending = { id: call.ticket(), name, done: signal(0), cancel: () => request.abort() };
  talk.sending.value = [...talk.sending.peek(), one];
  try {
    await post(request, file, answered.data, one);
  } finally {
    talk.sending.value = talk.sending.peek().filter((other) => other !== one);
  }
}

/** Sends a file's bytes; fetch cannot say how far it is. */
function post(request: XMLHttpRequest, file: File, { url, ticket }: { url: string; ticket: string }, { done }: Sending): Promise<void> {
  return new Promise((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => { done.value = total ? loaded / total : 0; };
    request.onload = () => (request.status === 201 ? resolve() : reject(refusal(request.responseText)));
    request.onerror = () => reject(new MeetingError('unreachable', 'the upload broke off'));
    request.onabort = () => resolve();
    request.open('POST', url);
    request.setRequestHeader('Authorization', `Bearer ${ticket}`);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.send(file);
  });
}

function refusal(text: string): MeetingError {
  try {
    const { code, detail } = JSON.parse(text) as { code: MeetingError['code']; detail?: string };
    return new MeetingError(code, detail ?? '');
  } catch {
    return new MeetingError('internal', 'the server refused the file');
  }
}

function explain(call: CallState, name: string, error: unknown): void {
  const code = error instanceof MeetingError ? error.code : 'internal';
  if (code === 'too-large') toast(call, t('chat.fileLarge', { name }), 'urgent');
  else if (code === 'bad-file' || code === 'bad-message') toast(call, t('chat.fileType', { name }), 'urgent');
  else toast(call, t('chat.fileFailed', { name }), 'urgent');
}

/** Where an attached file can be fetched just now. */
export async function linkOf(call: CallState, line: Line): Promise<string> {
  const known = links.get(line.id);
  if (known && known.expires > Date.now() + 60_000) return known.url;
  const told = await call.meeting.command('file-link', { line: line.id });
  if (told.type !== 'file-link') return '';
  links.set(line.id, told.data);
  return told.data.url;
}

const links = new Map<string, { url: string; expires: number }>();

/** Puts a line before the reader's eyes. */
export function jump(call: CallState, id: string): void {
  const talk = talkOf(call);
  const line = document.getElementById(`line-${id}`);
  if (!line) return;
  line.scrollIntoView({ block: 'center' });
  line.focus({ preventScroll: true });
  talk.shown.value = id;
  setTimeout(() => { if (talk.shown.peek() === id) talk.shown.value = ''; }, 1600);
}
