import { useId } from 'preact/hooks';
import { t, type PlainKey } from '../language';

interface Props<Value extends string> {
  label: PlainKey;
  choices: readonly { value: Value; name: PlainKey }[];
  value: Value;
  onChoose: (value: Value) => void;
  /** The label is for screen readers alone: what stands beside says it. */
  quiet?: boolean;
}

/** One of a few, all of them in sight. */
export function Segmented<Value extends string>({ label, choices, value, onChoose, quiet = false }: Props<Value>) {
  const name = useId();
  return (
    <fieldset class="segmented">
      <legend class={quiet ? 'aside' : 'label'}>{t(label)}</legend>
      <div class="segments">
        {choices.map((choice) => (
          <label key={choice.value} class="segment">
            <input type="radio" name={name} checked={choice.value === value} onChange={() => onChoose(choice.value)} />
            <span>{t(choice.name)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
