import { announce } from '../ui/announce';
import type { CallState, Toast } from './state';

const most = 3;
export const shownFor = 6000;


/** Shows a short notice; the oldest gives way. */
export function toast(call: CallState, text: string, how: 'polite' | 'urgent' = 'polite', action?: Toast['action']): number {
  const id = call.ticket();
  call.toasts.value = [...call.toasts.peek(), action ? { id, text, action } : { id, text }].slice(-most);
  announce(text, how);
  return id;
}

/** Puts other words into a notice that is still there; false when it is gone. */
export function retell(call: CallState, id: number, text: string): boolean {
  if (!call.toasts.peek().some((known) => known.id === id)) return false;
  call.toasts.value = call.toasts.peek().map((known) => (known.id === id ? { ...known, text } : known));
  announce(text);
  return true;
}

export function dismiss(call: CallState, id: number): void {
  call.toasts.value = call.toasts.peek().filter((known) => known.id !== id);
}
