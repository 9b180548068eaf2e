/** The data channel of drawings: opened when there is something to draw or to see, and said hello over. */
import { effect, type ReadonlySignal } from '@preact/signals';
import type { Session } from '../session';
import { read, write, type ClientRecord, type ServerRecord } from './wire';

const label = 'palabre.draw';
/** What may wait to be sent before a laser's points are dropped, in bytes. */
const full = 8 << 10;
/** How many records wait for a channel that is not open yet. */
const patience = 300;

export class Channel {
  private data: RTCDataChannel | null = null;
  private again: ReturnType<typeof setTimeout> | undefined;
  private readonly stop: () => void;
  /** What we drew before the channel was open. */
  private readonly waiting: ClientRecord[] = [];

  constructor(meeting: Pick<Session, 'transport'>, wanted: ReadonlySignal<boolean>, private readonly heard: (records: ServerRecord[]) => void) {
    this.stop = effect(() => this.take(wanted.value ? meeting.transport.value : null));
  }

  get open(): boolean {
    return this.data?.readyState === 'open';
  }

  /** Whether so much waits already that what is not kept is better left out. */
  get busy(): boolean {
    return (this.data?.bufferedAmount ?? 0) > full;
  }

  /** send sends a record, or keeps it for when the channel is open; what fades is not worth that. */
  send(record: ClientRecord): void {
    if (this.open) this.data?.send(write(record));
    else if (record.kind === 'draw' && record.tool !== 'laser' && this.waiting.length < patience) this.waiting.push(record);
  }

  private greet(): void {
    this.send({ kind: 'hello' });
    for (const record of this.waiting.splice(0)) this.send(record);
  }

  close(): void {
    clearTimeout(this.again);
    this.stop();
    this.data?.close();
    this.data = null;
  }

  private take(transport: Session['transport']['value']): void {
    clearTimeout(this.again);
    if (!transport) return; // what is open stays: another share may follow
    const data = transport.channel(label);
    if (data === this.data) return;
    this.data = data;
    data.onopen = () => this.greet();
    data.onmessage = ({ data: message }: MessageEvent<ArrayBuffer>) => {
      const records = this.data === data ? read(message) : null;
      if (records) this.heard(records);
    };
    // The server ends a channel only when it stops or takes us for another; the connection may stand all the same.
    data.onclose = () => {
      if (this.data === data) this.again = setTimeout(() => this.take(transport), 1000);
    };
    if (data.readyState === 'open') this.greet();
  }
}
