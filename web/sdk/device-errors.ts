/** Why a microphone, camera or screen cannot be had, in the words a page needs. */
export type DeviceError =
  | 'denied' // the person, the browser or the system refused
  | 'busy' // another program holds the device
  | 'none' // there is no such device
  | 'system'; // the device or its driver fails, or the page may not ask at all

const kinds: Record<string, DeviceError> = {
  NotAllowedError: 'denied',
  PermissionDeniedError: 'denied', // older name of the same
  SecurityError: 'system', // switched off by policy, or no secure context
  NotReadableError: 'busy', // W3C Media Capture: in use, or a hardware error
  TrackStartError: 'busy',
  AbortError: 'system',
  NotFoundError: 'none',
  DevicesNotFoundError: 'none',
  OverconstrainedError: 'none',
  ConstraintNotSatisfiedError: 'none',
  TypeError: 'system', // mediaDevices missing: no secure context
};

/** classify turns what getUserMedia rejected with into one of four causes. */
export function classify(error: unknown): DeviceError {
  const { name = '', message = '' } = (error ?? {}) as { name?: string; message?: string };
  // Chromium says NotAllowedError also when the operating system refuses; for
  // the person both are "allow it", so the page's words cover both.
  if (name === 'NotReadableError' && /hardware|driver/i.test(message)) return 'system';
  return kinds[name] ?? 'system';
}
