import { join, resolve } from 'node:path';
import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import { down, status, up } from '../../sandbox/background.ts';
import { pasteRow, row, span } from '../../views/base/rows.ts';
import { print, printJson, tell } from '../context/output.ts';
import type { CommandContext } from '../context/command-context.ts';

export interface SandboxCommandOptions {
  readonly port?: string;
}

/** `aiplan sandbox up|down|seed FIXTURE|status`: a local AWS emulator behind a proxy that makes it as strict as AWS. */
export async function sandbox(
  context: CommandContext,
  verb: 'up' | 'down' | 'seed' | 'status',
  fixture: string | undefined,
  { port }: SandboxCommandOptions,
): Promise<ExitCode> {
  const { io, options } = context;
  const folder = join(context.folders.state, 'sandbox');
  switch (verb) {
    case 'up': {
      const number = port === undefined ? undefined : Number(port);
      if (number !== undefined && !(Number.isInteger(number) && number > 0 && number < 65_536))
        throw new UserError('bad-port', `"${port ?? ''}" is not a port`, { help: 'give a number from 1 to 65535' });
      tell(io, options, [row(0, span('starting the sandbox …', 'muted'))]);
      const state = await up({
        dir: folder,
        environment: io.environment,
        ...(number === undefined ? {} : { port: number }),
        ...(options.region === undefined ? {} : { region: options.region }),
      });
      if (options.json === true)
        printJson(io, { running: true, endpoint: state.endpoint, account: state.account, region: state.region });
      else {
        print(io, options, [
          row(
            0,
            span('sandbox is up', 'good'),
            ` at ${state.endpoint}, account ${state.account}, region ${state.region}`,
          ),
          row(0, 'Use it with:'),
          pasteRow(
            `export AWS_ENDPOINT_URL=${state.endpoint} AWS_REGION=${state.region} AWS_DEFAULT_REGION=${state.region} AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox`,
          ),
        ]);
      }
      return exitCodes.done;
    }
    case 'down': {
      const was = await down(folder);
      if (options.json === true) printJson(io, { running: false, was });
      else print(io, options, [row(0, was ? 'sandbox ended' : 'no sandbox was running')]);
      return exitCodes.done;
    }
    case 'status': {
      const now = await status(folder);
      if (options.json === true)
        printJson(
          io,
          now.running
            ? {
                running: true,
                endpoint: now.state.endpoint,
                account: now.state.account,
                region: now.state.region,
                startedAt: now.state.startedAt,
              }
            : now,
        );
      else
        print(io, options, [
          row(
            0,
            now.running
              ? `running at ${now.state.endpoint} since ${now.state.startedAt}`
              : now.stale
                ? 'not running; a state file is left over'
                : 'not running',
          ),
        ]);
      return exitCodes.done;
    }
    case 'seed': {
      if (fixture === undefined)
        throw new UserError('no-fixture', 'seed needs a fixture folder', {
          help: 'for example: aiplan sandbox seed fixtures/course-platform',
        });
      const now = await status(folder);
      if (!now.running)
        throw new UserError('no-sandbox', 'no sandbox is running', { help: 'start one with `aiplan sandbox up`' });
      const { seed } = await import('../../sandbox/seed.ts');
      const { names } = await seed(now.state.endpoint, resolve(io.current, fixture), {
        account: now.state.account,
      }).catch((error: unknown): never => {
        if (!(error instanceof Error) || !('$metadata' in error)) throw error;
        throw new UserError(
          'seed-refused',
          `the sandbox refused a part of "${fixture}": ${error.name}: ${error.message}`,
          {
            help: 'a sandbox takes a fixture once: `aiplan sandbox down`, `aiplan sandbox up`, then seed again; else correct the fixture',
            cause: error,
          },
        );
      });
      if (options.json === true) printJson(io, names);
      else
        print(
          io,
          options,
          Object.entries(names).map(([name, id]) => row(0, `${name} ${id}`)),
        );
      return exitCodes.done;
    }
    default:
      return verb satisfies never;
  }
}
