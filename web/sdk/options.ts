import type { LocalMedia } from './devices';

export interface MeetingOptions {
  room: string;
  /** A join token; without it one comes as a guest. */
  token?: string | undefined;
  /** The room's password, where it asks for one. */
  password?: string | undefined;
  /** WebSocket URL; default is /ws of the page's own origin. */
  url?: string;
  /** Devices to use; default is a LocalMedia of the meeting's own. */
  local?: LocalMedia;
  /** How many seats the first offer holds, default 4. */
  seats?: number;
  /** For tests. */
  socket?: (url: string, protocol: string) => WebSocket;
  peer?: (configuration: RTCConfiguration) => RTCPeerConnection;
}
