import { useId, useState } from 'preact/hooks';
import { MaxBreakouts, type BreakoutPlan, type BreakoutWay, type Breakouts } from '../../../sdk/protocol';
import { t, type PlainKey } from '../../language';
import { attempt } from '../actions';
import { DownIcon } from '../../icons';
import { MinusIcon, PlusIcon } from './icons';
import type { CallState } from '../state';
import './words';

const ways: readonly { value: BreakoutWay; name: PlainKey }[] = [
  { value: 'random', name: 'breakouts.random' }, { value: 'hand', name: 'breakouts.hand' }, { value: 'choice', name: 'breakouts.choice' },
];

/** For how long rooms can be opened, in minutes; 0 is until somebody closes them. */
const lengths = [0, 5, 10, 15, 20, 30, 45, 60, 90];
const minute = 60_000;

/** Sends a plan; the server answers with what there is then. */
export function send(call: CallState, plan: BreakoutPlan): void {
  attempt(call, call.meeting.command('breakout-plan', plan));
}

/** The plan that is there, to be sent with changes. */
export function planOf({ rooms, way = 'hand', return: back = false, length = 0 }: Breakouts): BreakoutPlan {
  return { rooms, way, return: back, length };
}

interface Choices { way: BreakoutWay; back: boolean; length: number }
interface SettingsProps { chosen: Choices; onChange: (chosen: Choices) => void }

/** How people come into the rooms, for how long, and whether they may come back. */
export function Settings({ chosen, onChange }: SettingsProps) {
  const id = useId();
  return (
    <>
      <fieldset class="breakout-ways">
        <legend class="label">{t('breakouts.way')}</legend>
        {ways.map(({ value, name }) => (
          <label key={value}><input type="radio" name={`${id}-way`} checked={chosen.way === value} onChange={() => onChange({ ...chosen, way: value })} />{t(name)}</label>
        ))}
      </fieldset>
      <div>
        <label class="label" for={`${id}-length`}>{t('breakouts.length')}</label>
        <span class="select">
          <select id={`${id}-length`} class="field" value={String(chosen.length / minute)} onChange={(event) => onChange({ ...chosen, length: Number(event.currentTarget.value) * minute })}>
            {lengths.map((n) => <option key={n} value={String(n)}>{n === 0 ? t('breakouts.noLength') : t('breakouts.minutes', { n })}</option>)}
          </select>
          <DownIcon size={20} />
        </span>
      </div>
      <label class="switch">
        <span>{t('breakouts.return')}</span>
        <input type="checkbox" role="switch" checked={chosen.back} onChange={(event) => onChange({ ...chosen, back: event.currentTarget.checked })} />
      </label>
    </>
  );
}

/** How many rooms there are to be. */
function HowMany({ count, people, onChange }: { count: number; people: number; onChange: (count: number) => void }) {
  const id = useId();
  const step = (by: number) => onChange(Math.max(1, Math.min(MaxBreakouts, count + by)));
  return (
    <div>
      <label class="label" for={id}>{t('breakouts.howMany')}</label>
      <div class="breakout-count">
        <button type="button" class="round" aria-label={t('breakouts.fewer')} disabled={count <= 1} onClick={() => step(-1)}><MinusIcon /></button>
        <input id={id} class="field" type="number" inputMode="numeric" min={1} max={MaxBreakouts} value={count} onChange={(event) => onChange(Math.max(1, Math.min(MaxBreakouts, Math.round(event.currentTarget.valueAsNumber) || 1)))} />
        <button type="button" class="round" aria-label={t('breakouts.more')} disabled={count >= MaxBreakouts} onClick={() => step(1)}><PlusIcon /></button>
        {people > 0 && <span class="quiet">{t('breakouts.each', { n: Math.max(1, Math.round(people / count)) })}</span>}
      </div>
    </div>
  );
}

/** Makes the first plan. */
export function Plan({ call }: { call: CallState }) {
  const others = call.meeting.participants.value.length - 1;
  const [count, setCount] = useState(Math.max(2, Math.min(MaxBreakouts, Math.ceil(others / 4))));
  const [chosen, setChosen] = useState<Choices>({ way: 'random', back: true, length: 0 });
  const make = (event: Event) => {
    event.preventDefault();
    const rooms = Array.from({ length: count }, (_, i) => ({ name: t('breakouts.numbered', { number: String(i + 1) }) }));
    send(call, { rooms, way: chosen.way, return: chosen.back, length: chosen.length });
  };
  return (
    <form class="breakouts" onSubmit={make}>
      <div class="breakouts-list breakout-form">
        <p class="quiet">{t('breakouts.intro')}</p>
        <HowMany count={count} people={others} onChange={setCount} />
        <Settings chosen={chosen} onChange={setChosen} />
      </div>
      <div class="breakouts-foot"><button type="submit" class="button primary wide">{t('breakouts.make')}</button></div>
    </form>
  );
}
