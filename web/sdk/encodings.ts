import type { LayerWish } from './protocol';
import type { ScreenContent } from './screen';

/** One simulcast layer of a video (RFC 8853), as large and as fast as it may be. */
interface Layer {
  rid: string;
  /** How many times smaller than what is captured, each way. */
  scale: number;
  /** Bits a second. */
  bitrate: number;
  /** Frames a second, where fewer than are captured will do. */
  frameRate?: number;
}

/** How a video is sent: its layers, lowest first, and what gives when there is too little of something. */
export interface Video {
  layers: readonly Layer[];
  degradation: 'balanced' | 'maintain-resolution';
  priority: RTCPriorityType;
}

/** Names and bit rates suit 1280x720. */
export const camera: Video = {
  layers: [
    { rid: 'q', scale: 4, bitrate: 150_000 },
    { rid: 'h', scale: 2, bitrate: 500_000 },
    { rid: 'f', scale: 1, bitrate: 1_700_000 },
  ],
  degradation: 'balanced',
  priority: 'low',
};

/**
 * A screen has a layer to read and a small one for thumbnails and thin lines.
 * Letters keep their size whatever happens; films give up a little of size and of rate.
 */
export const screen: Record<ScreenContent, Video> = {
  text: {
    layers: [
      { rid: 'q', scale: 3, bitrate: 100_000, frameRate: 5 },
      { rid: 'f', scale: 1, bitrate: 1_800_000, frameRate: 10 },
    ],
    degradation: 'maintain-resolution',
    priority: 'medium',
  },
  motion: {
    layers: [
      { rid: 'q', scale: 3, bitrate: 250_000, frameRate: 15 },
      { rid: 'f', scale: 1, bitrate: 3_500_000, frameRate: 30 },
    ],
    degradation: 'balanced',
    priority: 'medium',
  },
};

/** What is known when a video's encodings are set. */
export interface Wanted {
  video: Video;
  /** Layers somebody wants; null before anybody said. */
  rids: readonly string[] | null;
  /** How much of each somebody shows. */
  wishes: readonly LayerWish[];
  /** What is captured, when known. */
  size: { width: number; height: number } | null;
  /** Bits a second the line takes, when known. */
  line: number | null;
  /** This browser stops sending altogether when only the lowest layer is left. */
  neverOnlyLowest: boolean;
}

/** rank is the priority of one of a sender's encodings. It is the whole sender's, and Chromium refuses it in any but the first. */
export function rank(priority: RTCPriorityType, index: number): Pick<RTCRtpEncodingParameters, 'priority' | 'networkPriority'> {
  return index === 0 ? { priority, networkPriority: priority } : {};
}

/** Letters are sent as they are, however small they are shown: who enlarges them reads at once. */
function forReading({ degradation }: Video): boolean {
  return degradation === 'maintain-resolution';
}

/** Steps of size, so that a dragged window does not restart an encoder at every pixel. */
const steps = [8, 6, 4, 3, 2.5, 2, 1.5, 1.25, 1];

/** encodingsFor is what each of a sender's encodings should be, in their order. */
export function encodingsFor(now: readonly RTCRtpEncodingParameters[], wanted: Wanted): RTCRtpEncodingParameters[] {
  const { video } = wanted;
  const single = now.length === 1;
  const layers = single ? video.layers.slice(-1) : now.map(({ rid }) => video.layers.find((l) => l.rid === rid));
  const active = activeOf(now, wanted);
  const top = active.lastIndexOf(true);
  return now.map((encoding, i) => {
    const layer = layers[i];
    if (!layer) return { ...encoding, active: active[i]! };
    const wish = wishFor(wanted, single ? undefined : layer.rid);
    const scale = i === top && !forReading(video) ? scaleOf(layer.scale, layers[i - 1]?.scale, wish, wanted.size) : layer.scale;
    return drop({
      ...encoding,
      active: active[i]!,
      scaleResolutionDownBy: scale,
      maxBitrate: fitting(rateOf(layer, scale, i > 0 ? layers[i - 1] : undefined, wanted), wish, video),
      maxFramerate: least(layer.frameRate, wish?.maxFramerate),
      ...rank(video.priority, i),
    });
  });
}

/** Whether any encoding differs in what we set. */
export function differ(a: readonly RTCRtpEncodingParameters[], b: readonly RTCRtpEncodingParameters[]): boolean {
  const fields = ['active', 'scaleResolutionDownBy', 'maxBitrate', 'maxFramerate'] as const;
  return a.some((encoding, i) => fields.some((field) => encoding[field] !== b[i]?.[field]));
}

function activeOf(now: readonly RTCRtpEncodingParameters[], { rids, neverOnlyLowest }: Wanted): boolean[] {
  if (rids === null) return now.map((e) => e.active ?? true);
  if (now.length === 1) return [rids.length > 0];
  const active = now.map(({ rid }) => rids.includes(rid ?? ''));
  if (neverOnlyLowest && active.indexOf(true) === 0 && active.lastIndexOf(true) === 0) active[1] = true;
  return active;
}

/** Without layers the best that anybody wants counts. */
function wishFor({ wishes }: Wanted, rid: string | undefined): LayerWish | undefined {
  return rid === undefined ? wishes.at(-1) : wishes.find((w) => w.rid === rid);
}

/** The smallest picture that nobody has to enlarge, and that is still larger than the layer below. */
function scaleOf(own: number, below: number | undefined, wish: LayerWish | undefined, size: Wanted['size']): number {
  const { maxWidth = 0, maxHeight = 0 } = wish ?? {};
  if (!size || (maxWidth === 0 && maxHeight === 0)) return own;
  const room = Math.min(maxWidth ? size.width / maxWidth : Infinity, maxHeight ? size.height / maxHeight : Infinity);
  return Math.max(own, steps.find((step) => step <= room && (below === undefined || step < below)) ?? own);
}

/** A line this many times a screen's best layer is wide enough not to think about it. */
const wide = 1.3;
/** What of a narrower line is for a voice sent twice and for repairs, in bits a second. */
const beside = 130_000;
/** What letters get in any case: better late than unreadable. */
const floor = 100_000;
/** Bit rates come in multiples of this, for an estimate moves all the time. */
const grain = 50_000;

/**
 * A smaller picture costs less, not in proportion: small ones hold more detail
 * in each pixel. The letters of a screen are asked for with what the line
 * takes: browsers switch a layer off below a minimum of their own (800 kbit/s
 * at 1920x1080 in libwebrtc), unless its maximum is lower still.
 */
function rateOf(layer: Layer, scale: number, below: Layer | undefined, { video, line }: Wanted): number {
  const full = Math.round((layer.bitrate * (layer.scale / scale) ** 1.5) / 1000) * 1000;
  if (!below || line === null || !forReading(video) || line > full * wide) return full;
  const left = 0.9 * (line - below.bitrate - beside);
  return Math.min(full, Math.max(floor, Math.floor(left / grain) * grain));
}

/** Letters are sent no faster than those who read them can take; films and faces have smaller layers for that. */
function fitting(rate: number, wish: LayerWish | undefined, video: Video): number {
  return forReading(video) && wish?.maxBitrate ? Math.max(floor, Math.min(rate, wish.maxBitrate)) : rate;
}

/** The least of what is said; 0 and undefined say nothing. */
function least(a: number | undefined, b: number | undefined): number | undefined {
  return a && b ? Math.min(a, b) : a || b || undefined;
}

function drop(encoding: RTCRtpEncodingParameters & { maxFramerate: number | undefined }): RTCRtpEncodingParameters {
  const { maxFramerate, ...rest } = encoding;
  return maxFramerate === undefined ? rest : { ...rest, maxFramerate };
}
