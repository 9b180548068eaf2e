/** Icons of the drawing tools. */
import { draw } from '../icons';
import { signOf } from './paint';
import type { StampName } from './wire';

export const LaserIcon = draw(<><path d="M4 20L14.500 9.500" /><circle cx="16" cy="8" r="1.600" fill="currentColor" /><path d="M16 2.500v2M21.500 8h-2M20 4l-1.400 1.400M20 12l-1.400-1.400M12 4l1.400 1.400" /></>);
export const ArrowIcon = draw(<path d="M5 19L19 5M10 5h9v9" />);
export const BoxIcon = draw(<rect x="4" y="5.500" width="16" height="13" rx="2" />);
export const TextIcon = draw(<path d="M5 7V5h14v2M12 5v14M9 19h6" />);
export const RubberIcon = draw(<path d="M9 20h11M5.200 14.300l8.600-8.600a2 2 0 0 1 2.900 0l2.600 2.600a2 2 0 0 1 0 2.900L11 19.500a1.700 1.700 0 0 1-1.200.500H9a1.700 1.700 0 0 1-1.200-.500l-2.600-2.600a1.800 1.800 0 0 1 0-2.600zM9.500 10l4.800 4.800" />);
export const UndoIcon = draw(<path d="M8.500 5L4 9.500L8.500 14M4 9.500h10a5.500 5.500 0 0 1 0 11H9" />);
export const ClearIcon = draw(<path d="M4.500 7h15M9.500 7V4.500h5V7M6.500 7l.8 12.500h9.400L17.500 7M10.300 11v5M13.700 11v5" />);

const stamps: Record<StampName, ReturnType<typeof draw>> = {
  check: draw(<path d={signOf('check')} />), cross: draw(<path d={signOf('cross')} />), question: draw(<path d={signOf('question')} />),
  star: draw(<path d={signOf('star')} />), heart: draw(<path d={signOf('heart')} />), here: draw(<path d={signOf('here')} />),
};

export function stampIcon(name: StampName): ReturnType<typeof draw> {
  return stamps[name];
}
