import type { DeviceError, DeviceState } from '../../sdk';
import type { PlainKey } from '../language';

const microphone: Record<DeviceError, PlainKey> = {
  denied: 'device.microphone.denied', busy: 'device.microphone.busy', none: 'device.microphone.none', system: 'device.microphone.system',
};
const camera: Record<DeviceError, PlainKey> = {
  denied: 'device.camera.denied', busy: 'device.camera.busy', none: 'device.camera.none', system: 'device.camera.system',
};

/** What is wrong with the devices and what to do, in as few sentences as possible. */
export function deviceProblems(mic: Pick<DeviceState, 'error'>, cam: Pick<DeviceState, 'error'>): PlainKey[] {
  if (mic.error === 'denied' && cam.error === 'denied') return ['device.both.denied'];
  if (mic.error === 'none' && cam.error === 'none') return ['device.both.none'];
  return [...(mic.error ? [microphone[mic.error]] : []), ...(cam.error ? [camera[cam.error]] : [])];
}
