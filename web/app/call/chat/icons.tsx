/** Icons only the chat needs. */
import { draw } from '../../icons';

export const ReplyIcon = draw(<path d="M9.500 6.500L4 12l5.500 5.500M4.500 12H14a6 6 0 0 1 6 6v1" />);
export const LockIcon = draw(<><rect x="5" y="10.5" width="14" height="9.500" rx="2.3" /><path d="M8 10.500V8a4 4 0 0 1 8 0v2.500" /></>);
export const ClipIcon = draw(<path d="M19.500 11.500l-7.600 7.600a4.700 4.700 0 0 1-6.700-6.700l8-8a3.200 3.200 0 0 1 4.500 4.500l-7.900 7.900a1.600 1.600 0 0 1-2.300-2.300l7-7" />);
export const FileIcon = draw(<path d="M13.500 3.500H7.500A2 2 0 0 0 5.500 5.500v13a2 2 0 0 0 2 2h9a2 2 0 0 0 2-2V8.500zM13.500 3.500v5h5" />);
export const TrashIcon = draw(<path d="M4.500 7h15M9.500 7V4.500h5V7M6.500 7l.8 12a1.500 1.500 0 0 0 1.500 1.500h6.400a1.500 1.500 0 0 0 1.500-1.500l.8-12M10.300 11v5.500M13.700 11v5.500" />);
