import { useSignal } from '@preact/signals';
import type { DrawingCanvas } from '../../sdk';
import { CloseIcon, PencilIcon, PeopleIcon } from '../call/icons';
import type { Icon } from '../icons';
import { t, type PlainKey } from '../language';
import { Popover } from '../ui/Popover';
import type { Drawing, Held } from './drawing';
import { ArrowIcon, BoxIcon, ClearIcon, LaserIcon, RubberIcon, stampIcon, TextIcon, UndoIcon } from './icons';
import { colourOf } from './paint';
import { Rules } from './Rules';
import { stamps, type StampName } from './wire';

const tools: readonly { tool: Exclude<Held, 'stamp'>; name: PlainKey; Icon: Icon; keys?: string }[] = [
  { tool: 'laser', name: 'drawing.laser', Icon: LaserIcon, keys: 'L' },
  { tool: 'pen', name: 'drawing.pen', Icon: PencilIcon, keys: 'A' },
  { tool: 'arrow', name: 'drawing.arrow', Icon: ArrowIcon },
  { tool: 'box', name: 'drawing.box', Icon: BoxIcon },
  { tool: 'text', name: 'drawing.text', Icon: TextIcon },
];

const stampNames: Record<StampName, PlainKey> = {
  check: 'drawing.stamp.check', cross: 'drawing.stamp.cross', question: 'drawing.stamp.question',
  star: 'drawing.stamp.star', heart: 'drawing.stamp.heart', here: 'drawing.stamp.here',
};

interface ButtonProps { name: PlainKey; Icon: Icon; keys?: string; pressed?: boolean; expanded?: boolean; onPress: () => void }

function Button({ name, Icon, keys, pressed, expanded, onPress }: ButtonProps) {
  const label = t(name);
  return (
    <button type="button" class="drawing-tool" aria-label={label} title={keys ? `${label} (${keys})` : label} aria-pressed={pressed} aria-expanded={expanded} onClick={onPress}>
      <Icon size={20} />
    </button>
  );
}

/** The tools in a slim pill at the share's edge: one button until somebody draws. */
export function Tools({ drawing, canvas }: { drawing: Drawing; canvas: DrawingCanvas }) {
  const open = useSignal<'stamps' | 'rules' | null>(null);
  const held = drawing.held.value?.canvas === canvas.canvas ? drawing.held.value.tool : null;
  const mine = drawing.mine(canvas);
  if (!drawing.mayDraw(canvas) && !drawing.mayGovern(canvas)) return null;
  const take = (tool: Held) => {
    open.value = null;
    drawing.take(canvas.canvas, tool);
  };
  const rules = drawing.mayGovern(canvas) && (
    <span class="drawing-more">
      <Button name="drawing.who" Icon={PeopleIcon} expanded={open.value === 'rules'} onPress={() => { open.value = open.value === 'rules' ? null : 'rules'; }} />
      {open.value === 'rules' && (
        <Popover id={`rules-${canvas.canvas}`} label={t('drawing.who')} class="drawing-rules" onClose={() => { open.value = null; }}><Rules drawing={drawing} canvas={canvas} /></Popover>
      )}
    </span>
  );
  if (!held && !mine) {
    const name = drawing.call.meeting.participants.value.find((person) => person.id === canvas.participant)?.name ?? '';
    const label = t('drawing.draw', { name });
    return (
      <div class="drawing-tools" data-closed>
        {drawing.mayDraw(canvas) && <button type="button" class="drawing-tool" aria-label={label} title={`${label} (A)`} onClick={() => drawing.take(canvas.canvas)}><PencilIcon size={20} /></button>}
        {rules}
      </div>
    );
  }
  const Stamp = stampIcon(drawing.stamp.value);
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !open.value) return;
    event.stopPropagation(); // the sheet closes first, the pen stays
    open.value = null;
  };
  return (
    <div class="drawing-tools" role="toolbar" aria-label={t('drawing.tools')} onKeyDown={key} style={{ '--pen': colourOf(drawing.colour(0)) }}>
      {tools.map(({ tool, name, Icon, keys }) => <Button key={tool} name={name} Icon={Icon} keys={keys} pressed={held === tool} onPress={() => take(tool)} />)}
      <span class="drawing-more">
        <Button name="drawing.stamp" Icon={Stamp} pressed={held === 'stamp'} onPress={() => { drawing.take(canvas.canvas, 'stamp'); open.value = open.value === 'stamps' ? null : 'stamps'; }} />
        {open.value === 'stamps' && (
          <Popover id={`stamps-${canvas.canvas}`} label={t('drawing.stamp')} class="drawing-stamps" onClose={() => { open.value = null; }}>
            {stamps.map((name) => (
              <Button key={name} name={stampNames[name]} Icon={stampIcon(name)} pressed={drawing.stamp.value === name} onPress={() => { drawing.stamp.value = name; open.value = null; }} />
            ))}
          </Popover>
        )}
      </span>
      <Button name="drawing.rubber" Icon={RubberIcon} pressed={held === 'rubber'} onPress={() => take('rubber')} />
      <Button name="drawing.undo" Icon={UndoIcon} keys="Ctrl+Z" onPress={() => drawing.undo(canvas.canvas)} />
      {drawing.mayGovern(canvas) && <Button name="drawing.clear" Icon={ClearIcon} onPress={() => drawing.clear(canvas)} />}
      {rules}
      {held && <Button name="drawing.done" Icon={CloseIcon} keys="Esc" onPress={() => drawing.put()} />}
    </div>
  );
}
