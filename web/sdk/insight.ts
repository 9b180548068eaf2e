import type { Collector, MeetingStats, Scene } from './stats';

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

  async report(): Promise<string> {
    const [stats, { reportOf }] = await Promise.all([this.stats(), import('./report')]);
    return reportOf(stats, navigator.userAgent);
  }
}
