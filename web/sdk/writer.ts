import type { MeetingError } from './errors';
import type { State } from './state';
import type { Wire } from './wire';

/** Writer brings our lines of chat to the server, each until it is there or refused. */
export class Writer {
  constructor(
    private readonly state: State,
    private readonly wire: Pick<Wire, 'request'>,
  ) {}

  say(text: string): void {
    const nonce = crypto.getRandomValues(new Uint32Array(3)).join('-');
    this.state.echo(nonce, text, Date.now());
    this.deliver(nonce, text);
  }

  /** again sends what the server has not confirmed. */
  again(): void {
    for (const line of this.state.unsent()) this.deliver(line.id, line.text);
  }

  private deliver(nonce: string, text: string): void {
    this.wire.request('chat', { text, nonce }).catch((error: MeetingError) => {
      if (error.code !== 'unreachable') this.state.failed(nonce);
    });
  }
}
