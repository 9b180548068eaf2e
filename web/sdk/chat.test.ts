import { describe, expect, it } from 'vitest';
import { ChatLog } from './chat';
import type { ChatLine } from './protocol';

const line = (id: string, more: Partial<ChatLine> = {}): ChatLine => ({ id, participant: 'p1', name: 'Ana', text: `line ${id}`, at: Number(id), ...more });
const chat = (log: ChatLog, more: ChatLine) => log.apply({ type: 'chat', data: more }, 'me');
const texts = (log: ChatLog) => log.lines.value.map(({ text }) => text);

describe('the chat', () => {
  it('stands in the order of the server, and keeps what it has when history comes', () => {
    const log = new ChatLog();
    chat(log, line('2'));
    log.apply({ type: 'chat-history', data: { lines: [line('1'), line('2', { text: 'as it is now' }), line('3')] } }, 'me');
    expect(texts(log)).toEqual(['line 1', 'as it is now', 'line 3']);
  });

  it('puts the line the server has in the place of our own', () => {
    const log = new ChatLog();
    log.echo('n', 'hello', { id: 'me', name: 'Me' }, { to: 'p1', toName: 'Ana' });
    expect(log.unsent()).toHaveLength(1);
    expect(log.lines.value[0]).toMatchObject({ state: 'sending', to: 'p1', mine: true });
    chat(log, line('7', { participant: 'other', nonce: 'n' }));
    expect(log.lines.value).toHaveLength(1);
    expect(log.lines.value[0]).toMatchObject({ id: '7', mine: true, state: 'sent' });
    expect(log.lines.value[0]).not.toHaveProperty('nonce');
  });

  it('follows edits, reactions and deletions', () => {
    const log = new ChatLog();
    chat(log, line('1'));
    chat(log, line('2', { quote: { line: '1', participant: 'p1', name: 'Ana', text: 'line 1' } }));
    log.apply({ type: 'chat-edited', data: { line: '1', text: 'better', at: 9 } }, 'me');
    const mark = { line: '1', emoji: '👍', participant: 'p2', name: 'Bob' };
    log.apply({ type: 'chat-reacted', data: mark }, 'me');
    log.apply({ type: 'chat-reacted', data: mark }, 'me');
    expect(log.lines.value[0]).toMatchObject({ text: 'better', edited: 9, reactions: [{ emoji: '👍', participant: 'p2', name: 'Bob' }] });
    log.apply({ type: 'chat-reacted', data: { ...mark, gone: true } }, 'me');
    expect(log.lines.value[0]?.reactions).toEqual([]);
    log.apply({ type: 'chat-deleted', data: { line: '1' } }, 'me');
    expect(log.lines.value[0]).toEqual({ id: '1', participant: 'p1', name: 'Ana', at: 1, mine: false, state: 'sent', text: '', deleted: true });
    expect(log.lines.value[1]?.quote?.text).toBe('');
  });

  it('minds nothing about lines it does not have', () => {
    const log = new ChatLog();
    log.apply({ type: 'chat-edited', data: { line: 'x', text: 'y', at: 1 } }, 'me');
    log.apply({ type: 'chat-deleted', data: { line: 'x' } }, 'me');
    expect(log.lines.value).toEqual([]);
  });
});
