/**
 * The process behind `aiplan sandbox up`: an emulator and its proxy. Its parent sends it the options over IPC, gets
 * `ready` or `failed` back, and goes. It ends by SIGTERM, SIGINT, SIGHUP, the token's stop request, or with its
 * emulator.
 */
import { UserError } from '../base/error.ts';
import { startSandbox, type Sandbox } from './sandbox.ts';
import type { ServerMessage, ServerOptions } from './background.ts';

let sandbox: Sandbox | undefined;
let ending = false;

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  await sandbox?.stop();
  process.exit(0);
}

const tell = (message: ServerMessage): void => {
  process.send?.(message);
};

process.once('message', (options: ServerOptions) => {
  startSandbox({ ...options, onStop: () => void end() }).then(
    (started) => {
      sandbox = started;
      void started.ended.then(end);
      tell({ kind: 'ready', endpoint: started.endpoint, emulatorPid: started.emulatorPid });
      process.disconnect();
    },
    (error: unknown) => {
      tell({
        kind: 'failed',
        code: error instanceof UserError ? error.code : 'sandbox-failed',
        message: error instanceof Error ? error.message : String(error),
        help: error instanceof UserError ? error.help : undefined,
      });
      process.exitCode = 1;
      process.disconnect();
    },
  );
});
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => void end());
// A parent that went away before it said anything leaves nothing to do.
process.once('disconnect', () => {
  if (sandbox === undefined) process.exit(1);
});
