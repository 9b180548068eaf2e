import type { Collector, MeetingStats, Scene } from './stats';

/** Between the two looks a first report takes, in milliseconds. */
const apart = 1_000;

/** Insight takes snapshots. What reads statistics is loaded when first asked for, so that nobody waits for it at the door. */
export class Insight {
  private collector: Collector | null = null;

  /** scene says what is known without asking the browser. */
  constructor(private readonly scene: () => Scene) {}

  async stats(): Promise<MeetingStats> {
    const { Collector } = await import('./stats');
    this.collector ??= new Collector();
    return this.collector.snapshot(this.scene());
  }

  /** A report has rates in it, which take two looks. */
  async report(): Promise<string> {
    const { reportOf } = await import('./report');
    if (!this.collector) {
      await this.stats();
      await new Promise((done) => setTimeout(done, apart));
    }
    return reportOf(await this.stats(), navigator.userAgent);
  }
}
