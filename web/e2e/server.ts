import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { createSocket } from 'node:dgram';
import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './until';

const binary = fileURLToPath(new URL('../../bin/palabre', import.meta.url));

/** The real binary on free ports, with a data folder of its own. */
export class Server {
  private process?: ChildProcess;
  readonly log: string[] = [];

  private constructor(
    readonly http: number,
    readonly udp: number,
    private readonly data: string,
    private readonly flags: string[],
  ) {}

  static async start(...flags: string[]): Promise<Server> {
    const server = new Server(await freeTCP(), await freeMedia(), mkdtempSync(join(tmpdir(), 'palabre-e2e-')), flags);
    await server.up();
    return server;
  }

  /** Where people reach it: by HTTPS where a flag says so. */
  get url(): string {
    return `${this.flags.includes('--tls') ? 'https' : 'http'}://localhost:${this.http}`;
  }

  /** Asks for a page, whoever signed the certificate. */
  get(path: string): Promise<{ ok: boolean; text: string }> {
    const get = this.url.startsWith('https:') ? getSecure : getPlain;
    return new Promise((resolve, reject) => {
      const request = get(this.url + path, { rejectUnauthorized: false, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ ok: response.statusCode === 200, text })).on('error', reject);
      });
      request.on('error', reject);
    });
  }

  /** What one series of /metrics shows, NaN when it is not there. */
  async metric(series: string): Promise<number> {
    const { text } = await this.get('/metrics');
    return Number(text.split('\n').find((line) => line.startsWith(`${series} `))?.slice(series.length) ?? NaN);
  }

  /** Starts, or starts again on the same ports and data. */
  async up(): Promise<void> {
    const args = ['serve', '--http', `127.0.0.1:${this.http}`, '--udp', `:${this.udp}`, '--data-dir', this.data, ...this.flags];
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process = child;
    child.stdout.on('data', (chunk) => this.log.push(String(chunk)));
    child.stderr.on('data', (chunk) => this.log.push(String(chunk)));
    await until(
      'the server answers /readyz',
      async () => {
        if (child.exitCode !== null) throw new Error(`palabre ended with ${child.exitCode}:\n${this.log.join('')}`);
        return (await this.get('/readyz').catch(() => null))?.ok ?? false;
      },
      20_000,
    );
  }

  /** Ends the process: SIGTERM is a graceful stop, SIGKILL a crash. */
  async down(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const child = this.process;
    if (!child || child.exitCode !== null) return null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const code = await ended;
    this.process = undefined;
    return code;
  }

  /** Runs another command of the binary with this server's data. */
  async command(...args: string[]): Promise<string> {
    const child = spawn(binary, [...args, '--data-dir', this.data], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.stderr.on('data', (chunk) => (errors += String(chunk)));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`palabre ${args.join(' ')} ended with ${code}: ${errors}`);
    return out.trim();
  }

  /** Fills a room with people who listen to one more, for so many seconds or until it is ended. */
  crowd(room: string, listeners: number, seconds: number): () => Promise<void> {
    const counts = ['--publishers', '1', '--subscribers', String(listeners), '--audio-only', '--duration', `${seconds}s`];
    const child = spawn(binary, ['load', '--url', this.url, '--room', room, ...counts], { stdio: 'ignore' });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    return async () => {
      child.kill('SIGTERM');
      await ended;
    };
  }

  async stop(): Promise<void> {
    await this.down('SIGTERM');
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** A TCP port nobody uses, or the given one. */
export function freeTCP(port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(port, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** A UDP port nobody uses, whose number is free for TCP too: media comes by both. */
async function freeMedia(): Promise<number> {
  for (let tries = 20; ; tries--) {
    const port = await freeUDP();
    if (tries === 0 || (await freeTCP(port).catch(() => 0))) return port;
  }
}

function freeUDP(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createSocket('udp4');
    probe.once('error', reject);
    probe.bind(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
