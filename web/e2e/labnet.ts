import { execFile, spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from './until';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** How one way of the cable is; what is not named is as good as it gets. */
export interface Shape {
  kbits?: number;
  /** Bytes that wait at most where the rate is limited. */
  queue?: number;
  /** Percent of the packets. */
  loss?: number;
  /** Milliseconds, one way. */
  delay?: number;
  jitter?: number;
  dead?: boolean;
}

/** What to change of the cable: up is the way from the client to the server. What is not named stays. */
export interface Change {
  up?: Shape;
  down?: Shape;
  blocked?: 'udp' | 'tcp' | '';
}

/** The packets of one way so far. */
export interface Counted {
  delivered: number;
  bytes: number;
  lost: number;
  swallowed: number;
  blocked: number;
}

export interface Counts {
  up: Counted;
  down: Counted;
}

interface Greeting {
  server: string;
  client: string;
  serverAddress: string;
  clientAddress: string;
}

export type Side = 'server' | 'client';

/** Two network namespaces joined by a cable that can be made bad: palabre's internal/labnet. */
export class Labnet {
  private readonly lines: AsyncIterator<string>;
  private readonly commands = new Set<ChildProcess>();
  private at: Greeting = { server: '', client: '', serverAddress: '', clientAddress: '' };

  private constructor(
    private readonly folder: string,
    private readonly process: ChildProcessByStdio<Writable, Readable, null>,
  ) {
    this.lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  }

  /** Why this machine cannot have a lab, '' if it can. */
  static async refusal(): Promise<string> {
    const folder = await build();
    try {
      // Its input is at its end at once, so it makes the namespaces and goes.
      const child = spawn(binary(folder), { stdio: ['ignore', 'ignore', 'pipe'] });
      let errors = '';
      child.stderr.on('data', (chunk) => (errors += String(chunk)));
      const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
      if (code === 77) return errors.trim();
      if (code !== 0) throw new Error(`labnet ended with ${code}: ${errors}`);
      return '';
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  static async start(): Promise<Labnet> {
    const folder = await build();
    const lab = new Labnet(folder, spawn(binary(folder), { stdio: ['pipe', 'pipe', 'inherit'] }));
    try {
      lab.at = await lab.answer<Greeting>();
      // The kernel tries its IPv6 addresses before it uses them; then a browser that is already there sees a change
      // of network and drops what it was loading.
      await until('the addresses are in use', async () => !tentative.test(await lab.run('client', 'cat', '/proc/net/if_inet6').catch(() => '')));
    } catch (error) {
      await lab.stop();
      throw error;
    }
    return lab;
  }

  /** Where the client reaches the server. */
  get serverAddress(): string {
    return this.at.serverAddress;
  }

  /** Changes the cable, and counts what went over it. */
  async change(change: Change): Promise<Counts> {
    this.process.stdin.write(`${JSON.stringify(change)}\n`);
    const answer = await this.answer<Counts & { error?: string }>();
    if (answer.error) throw new Error(`labnet: ${answer.error}`);
    return answer;
  }

  /** Starts a command on one side. It is ended with the lab if it has not been before. */
  spawn(side: Side, ...command: string[]): ChildProcessByStdio<null, Readable, Readable> {
    const child = spawn(binary(this.folder), ['exec', this.at[side], ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.commands.add(child);
    child.once('exit', () => this.commands.delete(child));
    return child;
  }

  /** Runs a command on one side and gives what it prints. */
  async run(side: Side, command: string, ...args: string[]): Promise<string> {
    return (await run(binary(this.folder), ['exec', this.at[side], command, ...args])).stdout.trim();
  }

  /** A program that runs another on one side, for who takes the path of an executable and nothing else. */
  program(side: Side, executable: string): string {
    const path = join(this.folder, `${side}.sh`);
    writeFileSync(path, `#!/bin/sh\nexec '${binary(this.folder)}' exec '${this.at[side]}' '${executable}' "$@"\n`, { mode: 0o755 });
    return path;
  }

  /** Ends the commands, then the lab; the namespaces go with the last of them. */
  async stop(): Promise<void> {
    await Promise.all([...this.commands].map((child) => ended(child, () => child.kill('SIGTERM'))));
    await ended(this.process, () => this.process.stdin.end());
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answer<Answer>(): Promise<Answer> {
    const line = await this.lines.next();
    if (line.done) throw new Error('labnet has ended');
    return JSON.parse(line.value) as Answer;
  }
}

/** A line of /proc/net/if_inet6 whose flags, the last column but one, have IFA_F_TENTATIVE (0x40). */
const tentative = /^(\S+ +){4}\S*[4-7c-f]\S +\S+$/m;

const binary = (folder: string) => join(folder, 'labnet');

/** Builds the command into a folder of its own. */
async function build(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'palabre-labnet-'));
  try {
    await run('go', ['build', '-o', binary(folder), './internal/labnet'], { cwd: root });
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  return folder;
}

/** Has a process end; one that will not within ten seconds is killed. */
async function ended(child: ChildProcess, end: () => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  end();
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await gone;
  clearTimeout(timer);
}
