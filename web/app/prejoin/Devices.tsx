import { useId, useState } from 'preact/hooks';
import type { DeviceState } from '../../sdk';
import { DownIcon, SoundIcon } from '../icons';
import { t, type PlainKey } from '../language';
import type { Local } from '../session';

type Kind = 'device.microphone' | 'device.camera' | 'device.speaker';

/** What a device calls itself, without the vendor and product numbers browsers add. */
function deviceName(device: MediaDeviceInfo, kind: Kind, n: number): string {
  const label = device.label.replace(/\s*\([0-9a-f]{4}:[0-9a-f]{4}\)\s*$/i, '').trim();
  return label || t('device.nth', { kind: t(kind), n });
}

interface MenuProps { kind: Kind; devices: MediaDeviceInfo[]; value: string; onChoose: (id: string) => void; none: PlainKey }

function Menu({ kind, devices, value, onChoose, none }: MenuProps) {
  const id = useId();
  const known = devices.some((device) => device.deviceId === value) ? value : (devices[0]?.deviceId ?? '');
  return (
    <div>
      <label class="label" for={id}>{t(kind)}</label>
      <span class="select">
        <select id={id} class="field" value={known} disabled={devices.length === 0} onChange={(event) => onChoose(event.currentTarget.value)}>
          {devices.length === 0 && <option value="">{t(none)}</option>}
          {devices.map((device, i) => <option key={device.deviceId} value={device.deviceId}>{deviceName(device, kind, i + 1)}</option>)}
        </select>
        <DownIcon size={16} />
      </span>
    </div>
  );
}

function TestTone({ local }: { local: Local }) {
  const [playing, setPlaying] = useState(false);
  const play = async () => {
    setPlaying(true);
    await local.testTone().catch(() => undefined);
    setPlaying(false);
  };
  return (
    <button type="button" class="button small" disabled={playing} onClick={() => void play()}>
      <SoundIcon size={20} />{t(playing ? 'device.testing' : 'device.test')}
    </button>
  );
}

/** The menus of microphone, camera and speaker, and the test tone; for who sends nothing, those of the sound alone. */
export function DeviceMenus({ local, outputOnly = false }: { local: Local; outputOnly?: boolean }) {
  const { microphones, cameras, speakers } = local.devices.value;
  return (
    <div class="devices">
      {!outputOnly && <Menu kind="device.microphone" devices={microphones} value={local.microphone.value.deviceId ?? ''} none="device.noMicrophone" onChoose={(id) => void local.chooseMicrophone(id)} />}
      {!outputOnly && <Menu kind="device.camera" devices={cameras} value={local.camera.value.deviceId ?? ''} none="device.noCamera" onChoose={(id) => void local.chooseCamera(id)} />}
      {local.canChooseSpeaker && (
        <Menu kind="device.speaker" devices={speakers} value={local.speakerId.value} none="device.default" onChoose={(id) => local.chooseSpeaker(id)} />
      )}
      <TestTone local={local} />
    </div>
  );
}

function current(devices: MediaDeviceInfo[], { deviceId, on, error }: DeviceState, kind: Kind, none: PlainKey): string {
  if (devices.length === 0 && on && !error) return '…'; // wanted, not known yet
  const at = Math.max(0, devices.findIndex((device) => device.deviceId === deviceId));
  const device = devices[at];
  return device ? deviceName(device, kind, at + 1) : t(none);
}

/** The menus behind the names of what is chosen. */
export function DeviceSummary({ local }: { local: Local }) {
  const { microphones, cameras } = local.devices.value;
  return (
    <details class="device-summary">
      <summary>
        <span class="device-summary-text">
          <span class="label">{t('door.devices')}</span>
          <span class="device-summary-names">
            {current(microphones, local.microphone.value, 'device.microphone', 'device.noMicrophone')}
            {' · '}
            {current(cameras, local.camera.value, 'device.camera', 'device.noCamera')}
          </span>
        </span>
        <DownIcon size={18} />
      </summary>
      <DeviceMenus local={local} />
    </details>
  );
}
