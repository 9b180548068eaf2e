import type { DrawingCanvas } from '../../sdk';
import { t, type PlainKey } from '../language';
import { Segmented } from '../ui/Segmented';
import type { Drawing } from './drawing';

const choices: readonly { value: DrawingCanvas['rule']; name: PlainKey }[] = [
  { value: 'everyone', name: 'drawing.everyone' }, { value: 'named', name: 'drawing.named' }, { value: 'nobody', name: 'drawing.nobody' },
];

/** Who may draw on a share, beside whoever shares. */
export function Rules({ drawing, canvas }: { drawing: Drawing; canvas: DrawingCanvas }) {
  const people = canvas.people ?? [];
  const others = drawing.call.meeting.participants.value.filter((person) => person.id !== canvas.participant);
  const name = (id: string, on: boolean) => drawing.allow(canvas, 'named', on ? [...people, id] : people.filter((known) => known !== id));
  return (
    <>
      <Segmented label="drawing.who" choices={choices} value={canvas.rule} onChoose={(rule) => drawing.allow(canvas, rule, people)} />
      {canvas.rule === 'named' && (
        <fieldset class="drawing-people">
          <legend class="aside">{t('drawing.choose')}</legend>
          {others.length === 0 && <p class="hint">{t('drawing.alone')}</p>}
          {others.map((person) => (
            <label key={person.id}>
              <input type="checkbox" checked={people.includes(person.id)} onChange={(event) => name(person.id, event.currentTarget.checked)} />
              <span>{person.name}</span>
            </label>
          ))}
        </fieldset>
      )}
    </>
  );
}
