import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { freeTCP } from './server';

/** A TCP proxy before the server, so that a test can cut or stall the signalling while media flows on. */
export class Proxy {
  private readonly pairs = new Set<[Socket, Socket]>();
  private stalled = false;
  /** What clients sent, byte for byte: requests are readable, the frames of a WebSocket are masked. */
  readonly sent: Buffer[] = [];

  private constructor(
    readonly port: number,
    private readonly listener: NetServer,
  ) {}

  static async before(target: number): Promise<Proxy> {
    const port = await freeTCP();
    const listener = createServer();
    const proxy = new Proxy(port, listener);
    listener.on('connection', (client) => proxy.carry(client, target));
    await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** Resets every connection that stands now. */
  cut(): void {
    for (const [client, server] of this.pairs) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  /** From now on no byte passes, as when a cable is pulled; connections stay open. */
  stall(): void {
    this.stalled = true;
    for (const pair of this.pairs) for (const socket of pair) socket.pause().unpipe();
  }

  /** New connections pass again; stalled ones are reset. */
  heal(): void {
    this.stalled = false;
    this.cut();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.listener.close(resolve));
  }

  private carry(client: Socket, target: number): void {
    const server = connect(target, '127.0.0.1');
    const pair: [Socket, Socket] = [client, server];
    this.pairs.add(pair);
    const end = () => {
      this.pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of pair) {
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on('data', (chunk) => this.sent.push(chunk));
    if (this.stalled) {
      client.pause();
      return;
    }
    client.pipe(server).pipe(client);
  }
}
