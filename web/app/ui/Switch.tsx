import { t, type PlainKey } from '../language';

interface SwitchProps { name: PlainKey; hint?: PlainKey; on: boolean; onSwitch: (on: boolean) => void }

/** Something that is on or off, in words. */
export function Switch({ name, hint, on, onSwitch }: SwitchProps) {
  return (
    <label class="switch">
      <input type="checkbox" role="switch" checked={on} onChange={(event) => onSwitch(event.currentTarget.checked)} />
      <span>{t(name)}{hint && <small>{t(hint)}</small>}</span>
    </label>
  );
}
