import type { Address } from './chat';
import type { MeetingError } from './errors';
import type { Line } from './model';
import type { State } from './state';
import type { Wire } from './wire';

/** Writer brings our lines of chat to the server, each until it is there or refused. */
export class Writer {
  constructor(
    private readonly state: State,
    private readonly wire: Pick<Wire, 'request'>,
  ) {}

  say(text: string, address: Address = {}): void {
    const nonce = crypto.getRandomValues(new Uint32Array(3)).join('-');
    this.state.echo(nonce, text, address);
    const line = this.state.unsent().find(({ id }) => id === nonce);
    if (line) this.deliver(line);
  }

  /** retry sends one line once more that the server refused. */
  retry(nonce: string): void {
    this.state.retry(nonce);
    const line = this.state.unsent().find(({ id }) => id === nonce);
    if (line) this.deliver(line);
  }

  /** again sends what the server has not confirmed. */
  again(): void {
    for (const line of this.state.unsent()) this.deliver(line);
  }

  private deliver(line: Line): void {
    const { id: nonce, text, to, quote } = line;
    this.wire.request('chat', { text, nonce, ...(to ? { to } : {}), ...(quote ? { reply: quote.line } : {}) }).catch((error: MeetingError) => {
      if (error.code === 'rate-limited' && error.retryAfter) setTimeout(() => this.deliver(line), error.retryAfter);
      else if (error.code !== 'unreachable') this.state.failed(nonce);
    });
  }
}
