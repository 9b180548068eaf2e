import { createSocket, type Socket } from 'node:dgram';

/** How a link is: everything that is not given is as good as loopback. */
export interface Shape {
  /** In bit/s. */
  rate?: number;
  /** What waits at most, in bytes; 64 KiB where a rate is given. */
  queue?: number;
  /** One way, in milliseconds. */
  delay?: number;
  /** How much is lost at random, 0 to 1. */
  loss?: number;
}

const queue = 64 << 10;

/** One direction of a link: a bottleneck with a queue before it. */
class Direction {
  shape: Shape = {};
  dropped = 0;
  private free = 0; // when the bottleneck has sent all it has

  pass(bytes: number, deliver: () => void): void {
    const { rate, loss = 0, delay = 0 } = this.shape;
    const now = performance.now();
    if (Math.random() < loss) {
      this.dropped++;
      return;
    }
    let due = now + delay;
    if (rate) {
      const waits = (Math.max(0, this.free - now) * rate) / 8000;
      if (waits + bytes > (this.shape.queue ?? queue)) {
        this.dropped++;
        return;
      }
      this.free = Math.max(this.free, now) + (bytes * 8000) / rate;
      due = this.free + delay;
    }
    if (due <= now) deliver();
    else setTimeout(deliver, due - now);
  }
}

/** A UDP link before the server's media port, whose shape a test changes at any time. */
export class Link {
  readonly up = new Direction();
  readonly down = new Direction();
  /** How many datagrams of a size came down, to find those a path does not take. */
  largest = 0;
  private readonly beyond = new Map<string, Socket>();

  private constructor(
    readonly port: number,
    private readonly socket: Socket,
  ) {}

  static async before(target: number): Promise<Link> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 });
    await new Promise<void>((resolve) => socket.bind(0, '0.0.0.0', resolve));
    const link = new Link(socket.address().port, socket);
    socket.on('message', (datagram, from) => {
      link.up.pass(datagram.length, () => link.toServer(target, from.address, from.port, datagram));
    });
    return link;
  }

  close(): void {
    for (const socket of this.beyond.values()) socket.close();
    this.beyond.clear();
    this.socket.close();
  }

  private toServer(target: number, address: string, port: number, datagram: Buffer): void {
    const key = `${address}:${port}`;
    let socket = this.beyond.get(key);
    if (!socket) {
      socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 });
      socket.on('message', (back) => {
        this.largest = Math.max(this.largest, back.length);
        this.down.pass(back.length, () => this.beyond.has(key) && this.socket.send(back, port, address));
      });
      this.beyond.set(key, socket);
    }
    socket.send(datagram, target, '127.0.0.1');
  }
}

/** Has a page reach the server's media over another UDP port alone. Runs in the page. */
export function reachOver(port: number): void {
  const { setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function (description: RTCSessionDescriptionInit) {
    const sdp = (description.sdp ?? '')
      .replace(/a=candidate:\S+ \d+ tcp [^\r\n]*\r\n/gi, '')
      .replace(/(a=candidate:\S+ \d+ udp \d+ \S+) \d+/gi, `$1 ${port}`);
    return Reflect.apply(setRemoteDescription, this, [{ type: description.type, sdp }]) as Promise<void>;
  };
}
