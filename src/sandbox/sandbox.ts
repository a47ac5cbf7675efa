import { startEmulator } from './emulator.ts';
import { startProxy, type Proxy } from './proxy/server.ts';
import type { Pace } from './proxy/protocol/emulator-state.ts';
import type { Environment } from './python.ts';

export interface SandboxOptions {
  /** `AIPLAN_PYTHON`, `XDG_CACHE_HOME`: where the emulator may be found. */
  readonly environment?: Environment;
  readonly account?: string;
  readonly port?: number;
  /** How long states in between are shown. */
  readonly pace?: Pace;
  readonly token?: string;
  readonly onStop?: () => void;
}

export interface Sandbox {
  /** The value for `--endpoint`. */
  readonly endpoint: string;
  readonly account: string;
  readonly proxy: Proxy;
  readonly emulatorPid: number;
  /** Settled when the emulator has ended. */
  readonly ended: Promise<void>;
  /** Throws every resource away, as if it had just been started. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts an emulator and the proxy before it, in this process. It ends with this process, whatever ends that. Throws
 * UserError `emulator-missing` or `emulator-failed`.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const account = options.account ?? '123456789012';
  const emulator = await startEmulator({
    account,
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  });
  try {
    const { port, pace, token, onStop } = options;
    const proxy = await startProxy({
      emulator: emulator.endpoint,
      account,
      ...(port === undefined ? {} : { port }),
      ...(pace === undefined ? {} : { pace }),
      ...(token === undefined ? {} : { token }),
      ...(onStop === undefined ? {} : { onStop }),
    });
    return {
      endpoint: proxy.endpoint,
      account,
      proxy,
      emulatorPid: emulator.pid,
      ended: emulator.ended,
      async reset() {
        await (await fetch(`${proxy.endpoint}/moto-api/reset`, { method: 'POST' })).arrayBuffer();
      },
      async stop() {
        await Promise.all([proxy.close(), emulator.stop()]);
      },
    };
  } catch (error) {
    await emulator.stop();
    throw error;
  }
}
