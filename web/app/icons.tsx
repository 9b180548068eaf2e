/** Line icons on a grid of 24, drawn with one pen; they take the colour and size of the text. */
import type { ComponentChildren } from 'preact';

function draw(children: ComponentChildren) {
  return function Icon({ size = 22 }: { size?: number }) {
    return (
      <svg class="icon" viewBox="0 0 24 24" width={size} height={size} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
        {children}
      </svg>
    );
  };
}

const slash = <path d="M4 4l16 16" />;

export const MicIcon = draw(<><rect x="9" y="3" width="6" height="11" rx="3" /><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" /></>);
export const MicOffIcon = draw(<><path d="M9 9.5V11a3 3 0 0 0 4.9 2.3M15 11V6a3 3 0 0 0-5.7-1.3M5.5 11.5a6.5 6.5 0 0 0 10.8 4.8M18.5 11.5c0 .9-.2 1.7-.5 2.5M12 18v3" />{slash}</>);
export const CameraIcon = draw(<><rect x="3" y="6" width="12.5" height="12" rx="2.5" /><path d="M15.5 11l4.4-2.7a.7.7 0 0 1 1.1.6v6.2a.7.7 0 0 1-1.1.6L15.5 13" /></>);
export const CameraOffIcon = draw(<><path d="M10 6h3a2.5 2.5 0 0 1 2.5 2.500V11l4.4-2.700a.7.7 0 0 1 1.1.6v6.200a.7.7 0 0 1-.6.7M15.5 15.500a2.5 2.5 0 0 1-2.5 2.500H5.500A2.5 2.5 0 0 1 3 15.500v-7A2.5 2.5 0 0 1 5.5 6" />{slash}</>);
export const ScreenIcon = draw(<><rect x="3" y="4" width="18" height="12.5" rx="2.5" /><path d="M8.5 20.500h7M12 13V7.500M9.3 10L12 7.300l2.7 2.7" /></>);
export const ScreenStopIcon = draw(<><rect x="3" y="4" width="18" height="12.5" rx="2.5" /><path d="M8.5 20.500h7M9.8 8l4.4 4.400M14.2 8l-4.4 4.4" /></>);
export const HandIcon = draw(<path d="M8 12.500V5.700a1.4 1.4 0 0 1 2.8 0V11V4.200a1.4 1.4 0 0 1 2.8 0V11V5.700a1.4 1.4 0 0 1 2.8 0V12V8.700a1.3 1.3 0 0 1 2.6 0V15a6 6 0 0 1-6 6h-1.400a5.5 5.5 0 0 1-4.3-2.100L4.3 15a1.5 1.5 0 0 1 2.2-2L8 14.3" />);
export const SmileIcon = draw(<><circle cx="12" cy="12" r="9" /><path d="M8.3 14.300a4.4 4.4 0 0 0 7.4 0M9 9.500v.2M15 9.500v.2" /></>);
export const ChatIcon = draw(<path d="M20.5 11.500a7.8 7.8 0 0 1-8.2 7.700c-1.2 0-2.3-.2-3.3-.6L4 20.200l1.4-4.100a7.3 7.3 0 0 1-1.9-4.600a8.2 8.2 0 0 1 8.5-7.700a8.2 8.2 0 0 1 8.5 7.700z" />);
export const PeopleIcon = draw(<><circle cx="9" cy="8" r="3.5" /><path d="M2.5 19.500a6.5 6.5 0 0 1 13 0M16 4.900a3.5 3.5 0 0 1 0 6.300M18.3 14.400a6.5 6.5 0 0 1 3.2 5.1" /></>);
export const MoreIcon = draw(<><circle cx="5.5" cy="12" r=".9" fill="currentColor" /><circle cx="12" cy="12" r=".9" fill="currentColor" /><circle cx="18.5" cy="12" r=".9" fill="currentColor" /></>);
export const LeaveIcon = draw(<path d="M3.2 14.600c-.9-1.3-.7-3 .5-4A13 13 0 0 1 12 7.800a13 13 0 0 1 8.3 2.800c1.2 1 1.4 2.7.5 4l-.6.9a1.5 1.5 0 0 1-1.8.5l-2.3-.9a1.5 1.5 0 0 1-.9-1.400v-1.400a12 12 0 0 0-6.4 0v1.400a1.5 1.5 0 0 1-.9 1.400l-2.3.9a1.5 1.5 0 0 1-1.8-.5z" />);
export const SettingsIcon = draw(<><path d="M4 7.500h9M17.5 7.500H20M4 16.500h2.500M11 16.500h9" /><circle cx="15.2" cy="7.5" r="2.3" /><circle cx="8.7" cy="16.5" r="2.3" /></>);
export const PinIcon = draw(<path d="M12 16v5M8.5 3.500h7M9.5 3.500v5.700L6.5 13v2.500h11V13l-3-3.800V3.5" />);
export const UnpinIcon = draw(<><path d="M12 16v5M8.5 3.500h7M14.5 3.500v5.700l2.2 2.800M9.5 9.500L6.5 13v2.500h9" />{slash}</>);
export const GridIcon = draw(<><rect x="3.5" y="4" width="7.5" height="7" rx="1.7" /><rect x="13" y="4" width="7.5" height="7" rx="1.7" /><rect x="3.5" y="13" width="7.5" height="7" rx="1.7" /><rect x="13" y="13" width="7.5" height="7" rx="1.7" /></>);
export const SpeakerViewIcon = draw(<><rect x="3.5" y="4.5" width="12" height="15" rx="2" /><path d="M18.5 5.500h2M18.5 12h2M18.5 18.500h2" /></>);
export const ExpandIcon = draw(<path d="M9 4H5.500A1.5 1.5 0 0 0 4 5.500V9M15 4h3.500A1.5 1.5 0 0 1 20 5.500V9M9 20H5.500A1.5 1.5 0 0 1 4 18.500V15M15 20h3.500a1.5 1.5 0 0 0 1.5-1.500V15" />);
export const CloseIcon = draw(<path d="M6 6l12 12M18 6L6 18" />);
export const SendIcon = draw(<path d="M4.5 12L3.7 5.300a.8.8 0 0 1 1.2-.8l15.2 6.800a.8.8 0 0 1 0 1.400L4.9 19.500a.8.8 0 0 1-1.2-.8zM4.5 12H12" />);
export const CopyIcon = draw(<><rect x="8.5" y="8.5" width="11.5" height="11.5" rx="2.3" /><path d="M15.5 5.500A1.5 1.5 0 0 0 14 4H6a2 2 0 0 0-2 2v8a1.5 1.5 0 0 0 1.5 1.5" /></>);
export const CheckIcon = draw(<path d="M5 12.800l4.5 4.400L19 7.3" />);
export const SoundIcon = draw(<><path d="M4 9.500v5h3.500l4.5 4v-13l-4.5 4z" /><path d="M15.5 9a4.2 4.2 0 0 1 0 6M18 6.500a7.8 7.8 0 0 1 0 11" /></>);
export const SoundOffIcon = draw(<><path d="M4 9.500v5h3.500l4.5 4v-13l-4.5 4z" /><path d="M16 9.500l5 5M21 9.500l-5 5" /></>);
export const DownIcon = draw(<path d="M6 9.500l6 6l6-6" />);
export const LeftIcon = draw(<path d="M14.5 6l-6 6l6 6" />);
export const RightIcon = draw(<path d="M9.5 6l6 6l-6 6" />);
export const KeyboardIcon = draw(<><rect x="2.5" y="6" width="19" height="12.5" rx="2.5" /><path d="M6.5 10h.1M10.2 10h.1M13.8 10h.1M17.5 10h.1M8 14.500h8" /></>);
export const GlobeIcon = draw(<><circle cx="12" cy="12" r="9" /><path d="M3 12h18M12 3c2.5 2.6 3.8 5.6 3.8 9S14.5 18.4 12 21c-2.5-2.6-3.8-5.6-3.8-9S9.5 5.6 12 3z" /></>);
export const WarningIcon = draw(<path d="M12 9v4.500M12 16.800v.1M10.6 4.300L2.9 17.600A1.6 1.6 0 0 0 4.3 20h15.400a1.6 1.6 0 0 0 1.4-2.400L13.4 4.300a1.6 1.6 0 0 0-2.8 0z" />);
export const LinkIcon = draw(<path d="M10 14a4 4 0 0 0 5.7 0l3.1-3.100a4 4 0 0 0-5.7-5.700L12 6.300M14 10a4 4 0 0 0-5.7 0l-3.1 3.100a4 4 0 0 0 5.7 5.700L12 17.7" />);
export const ArrowIcon = draw(<path d="M4.5 12h15M13.5 6l6 6l-6 6" />);
export const EyeOffIcon = draw(<><path d="M9.9 5.400A9 9 0 0 1 12 5.200c6 0 9.3 6.8 9.3 6.800a16 16 0 0 1-2.5 3.500M6.3 7.200A15 15 0 0 0 2.7 12S6 18.8 12 18.800a8.8 8.8 0 0 0 4.6-1.300M10 10.100a2.8 2.8 0 0 0 3.9 3.9" />{slash}</>);
export const EyeIcon = draw(<><path d="M2.7 12S6 5.2 12 5.200S21.3 12 21.3 12S18 18.8 12 18.800S2.7 12 2.7 12z" /><circle cx="12" cy="12" r="2.8" /></>);
export const OfflineIcon = draw(<><path d="M3 9.500a13.5 13.5 0 0 1 4.5-2.900M6.2 13a9 9 0 0 1 4.3-2.300M21 9.500a13.5 13.5 0 0 0-9.5-3.400M17.8 13a9 9 0 0 0-2-1.300M9.5 16.300a4 4 0 0 1 5 0M12 19.500v.1" />{slash}</>);
export const PencilIcon = draw(<path d="M4 20l.9-4.200L15.7 5a1.9 1.9 0 0 1 2.7 0l.6.600a1.9 1.9 0 0 1 0 2.700L8.2 19.100zM13.7 7l3.3 3.3" />);
export const SearchIcon = draw(<><circle cx="11" cy="11" r="6.5" /><path d="M16 16l4.5 4.5" /></>);
export const InviteIcon = draw(<><circle cx="10" cy="8" r="3.5" /><path d="M3.5 19.500a6.5 6.5 0 0 1 11-4.700M18.5 14.500v6M15.5 17.500h6" /></>);

/** The mark: a tree whose crown is a talk. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg class="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" focusable="false">
      <path class="mark-crown" d="M16 2.500c7.2 0 12.5 4.4 12.5 10.200c0 5-3.9 9-9.7 10v0H13.200c-5.8-1-9.7-5-9.7-10C3.5 6.9 8.8 2.5 16 2.500z" />
      <path class="mark-trunk" d="M13.7 16.200h4.600v9.300c0 1.5.7 2.6 2 3.400c.5.3.3.9-.2.900h-8.200c-.5 0-.7-.6-.2-.900c1.3-.8 2-1.9 2-3.400z" />
      <path class="mark-talk" d="M10.3 11.600h.1M16 11.600h.1M21.7 11.600h.1" />
    </svg>
  );
}
