/** Line icons on a grid of 24, drawn with one pen; they take the colour and size of the text. */
import type { ComponentChildren } from 'preact';

/** An icon from its lines. */
export function draw(children: ComponentChildren) {
  return function Icon({ size = 22 }: { size?: number }) {
    return (
      <svg class="icon" viewBox="0 0 24 24" width={size} height={size} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
        {children}
      </svg>
    );
  };
}

export type Icon = ReturnType<typeof draw>;

/** Crosses out what is off. */
export const slash = <path d="M4 4l16 16" />;

export const MicIcon = draw(<><rect x="9" y="3" width="6" height="11" rx="3" /><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" /></>);
export const MicOffIcon = draw(<><path d="M9 9.5V11a3 3 0 0 0 4.9 2.3M15 11V6a3 3 0 0 0-5.7-1.3M5.5 11.5a6.5 6.5 0 0 0 10.8 4.8M18.5 11.5c0 .9-.2 1.7-.5 2.5M12 18v3" />{slash}</>);
export const CameraIcon = draw(<><rect x="3" y="6" width="12.5" height="12" rx="2.5" /><path d="M15.5 11l4.4-2.7a.7.7 0 0 1 1.1.6v6.2a.7.7 0 0 1-1.1.6L15.5 13" /></>);
export const CameraOffIcon = draw(<><path d="M10 6h3a2.5 2.5 0 0 1 2.5 2.500V11l4.4-2.700a.7.7 0 0 1 1.1.6v6.200a.7.7 0 0 1-.6.7M15.5 15.500a2.5 2.5 0 0 1-2.5 2.500H5.500A2.5 2.5 0 0 1 3 15.500v-7A2.5 2.5 0 0 1 5.5 6" />{slash}</>);
export const SoundIcon = draw(<><path d="M4 9.500v5h3.500l4.5 4v-13l-4.5 4z" /><path d="M15.5 9a4.2 4.2 0 0 1 0 6M18 6.500a7.8 7.8 0 0 1 0 11" /></>);
export const DownIcon = draw(<path d="M6 9.500l6 6l6-6" />);
export const GlobeIcon = draw(<><circle cx="12" cy="12" r="9" /><path d="M3 12h18M12 3c2.5 2.6 3.8 5.6 3.8 9S14.5 18.4 12 21c-2.5-2.6-3.8-5.6-3.8-9S9.5 5.6 12 3z" /></>);
export const WarningIcon = draw(<path d="M12 9v4.500M12 16.800v.1M10.6 4.300L2.9 17.600A1.6 1.6 0 0 0 4.3 20h15.400a1.6 1.6 0 0 0 1.4-2.400L13.4 4.300a1.6 1.6 0 0 0-2.8 0z" />);
export const ArrowIcon = draw(<path d="M4.5 12h15M13.5 6l6 6l-6 6" />);

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
