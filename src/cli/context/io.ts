import type { Clock } from '../../domain/records/event.ts';

/** Everything of the process that a command may touch; made by cli.ts, replaced in tests. */
export interface Io {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly current: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly clock: Clock;
  /** Random bytes, for nonces and run names. */
  random(count: number): Uint8Array;
  /** Calls back on Ctrl-C, a closed terminal and a request to end; returns how to stop listening. */
  onInterrupt(callback: (signal: string) => void): () => void;
  /** The person at the keyboard, as the system names them. */
  readonly user: string;
  readonly host: string;
  readonly pid: number;
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly profile?: string;
  readonly region?: string;
  readonly endpoint?: string;
  readonly live?: string;
  readonly color: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** A line conversation in place of the screen; also by AIPLAN_PLAIN=1. */
  readonly plain?: boolean;
}
