/**
 * What becomes of a shared screen on its way out. Loaded when somebody shares.
 */
import type { ScreenContent } from './screen';

/** How often the sender is asked, in milliseconds. */
const every = 1_000;

/**
 * What tells moving pictures from a page that scrolls is that they do not
 * stop: for so many looks. Who shares a tab with its sound shows a film more often than not.
 */
const sure = { text: 8, motion: 4, film: 2 } as const;
/** Fewer new frames a second than this are slides and typing. */
const moving = 5;
/** Bits for each pixel of a frame: a pointer changes next to nothing, a film nearly everything. */
const much = 0.015;
const little = 0.004;

/** Counts of a sender's best layer at one time. */
export interface Look {
  /** Milliseconds. */
  at: number;
  frames: number;
  bytes: number;
  pixels: number;
}

/**
 * Guess tells text from film by what the encoder makes of it: frames that come
 * all the time and each cost bits are moving pictures. It changes its mind
 * slowly, and back to text more slowly still.
 */
export class Guess {
  private before: Look | null = null;
  private streak = 0;

  constructor(
    private content: ScreenContent,
    /** A film is likely. */
    private readonly likely: boolean,
  ) {}

  /** look takes the newest counts and says what the screen shows. */
  look(now: Look): ScreenContent {
    const { before } = this;
    this.before = now;
    // Another layer is the best one now, or the counts began anew.
    if (!before || now.at <= before.at || now.frames < before.frames || now.pixels !== before.pixels) return this.content;
    const frames = now.frames - before.frames;
    const cost = frames > 0 && now.pixels > 0 ? ((now.bytes - before.bytes) * 8) / frames / now.pixels : 0;
    const busy = (frames * 1000) / (now.at - before.at) >= moving && cost >= (this.content === 'motion' ? little : much);
    const other = this.content === 'motion' ? 'text' : 'motion';
    this.streak = busy === (other === 'motion') ? this.streak + 1 : 0;
    if (this.streak >= sure[other === 'motion' && this.likely ? 'film' : other]) [this.content, this.streak] = [other, 0];
    return this.content;
  }
}

export interface Watch {
  sender: Pick<RTCRtpSender, 'getStats'>;
  /** What the screen counts as when the watch begins. */
  content: ScreenContent;
  /** A film is likely: a tab is shared with its sound. */
  likely: boolean;
  /** Hears what the screen looks like. */
  guessed: (content: ScreenContent) => void;
  /** Hears what the line takes, in bits a second. */
  line: (bitsPerSecond: number) => void;
}

/** watchScreen looks at what is sent of a screen until the function it returns is called. */
export function watchScreen({ sender, content, likely, guessed, line }: Watch): () => void {
  const guess = new Guess(content, likely);
  let over = false;
  const look = async (): Promise<void> => {
    const { best, available } = read(await sender.getStats());
    if (over) return;
    if (available) line(available);
    if (best) guessed(guess.look(best));
  };
  // A sender of a connection that has ended has no statistics.
  const timer = setInterval(() => void look().catch(() => undefined), every);
  return () => {
    over = true;
    clearInterval(timer);
  };
}

/** Fields of the W3C statistics we read. */
interface Row {
  type: string;
  timestamp: number;
  framesEncoded?: number;
  bytesSent?: number;
  frameWidth?: number;
  frameHeight?: number;
  availableOutgoingBitrate?: number;
}

function read(report: RTCStatsReport): { best: Look | null; available: number } {
  let best = null as Look | null;
  let available = 0;
  report.forEach((row: Row) => {
    if (row.type === 'candidate-pair') available = Math.max(available, row.availableOutgoingBitrate ?? 0);
    if (row.type !== 'outbound-rtp') return;
    const pixels = (row.frameWidth ?? 0) * (row.frameHeight ?? 0);
    const bytes = row.bytesSent ?? 0;
    // A layer that rests has no size: then the one that sent more is the larger one.
    if (best && (best.pixels - pixels || best.bytes - bytes) >= 0) return;
    best = { at: row.timestamp, frames: row.framesEncoded ?? 0, bytes, pixels };
  });
  return { best, available };
}
