/** Which key does what. Pure; useShortcuts.ts listens. */

export type Command = 'microphone' | 'camera' | 'share' | 'hand' | 'chat' | 'people' | 'statistics' | 'view' | 'fullscreen' | 'help' | 'bar' | 'talk';

export interface Key {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly repeat?: boolean;
}

const singles: Readonly<Record<string, Command>> = {
  m: 'microphone', v: 'camera', s: 'share', h: 'hand', c: 'chat', p: 'people', i: 'statistics', g: 'view', f: 'fullscreen', '?': 'help', ' ': 'talk',
};
const withControl: Readonly<Record<string, Command>> = { d: 'microphone', e: 'camera' };

/** The command of a key, or null. Single keys can be switched off and never act while writing. */
export function commandFor(key: Key, { singleKeys, writing, onControl }: { singleKeys: boolean; writing: boolean; onControl: boolean }): Command | null {
  if (key.repeat || key.altKey) return null;
  const name = key.key.toLowerCase();
  if (key.ctrlKey !== key.metaKey) return withControl[name] ?? null;
  if (key.ctrlKey) return null;
  if (name === 'f2') return 'bar';
  if (writing || !singleKeys) return null;
  const command = singles[name] ?? null;
  return command === 'talk' && onControl ? null : command;
}

/** Whether keys typed into an element are text. */
export function isWriting(element: Element | null): boolean {
  if (!element) return false;
  if (element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) return true;
  if (element instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(element.type);
  return element instanceof HTMLElement && element.isContentEditable;
}

/** Whether Space and Enter belong to an element. */
export function isControl(element: Element | null): boolean {
  return Boolean(element?.closest('button, a, summary, input, select, textarea, [tabindex="0"]'));
}
