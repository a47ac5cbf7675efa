import { resolve } from 'node:path';
import { exitCodes, type ExitCode } from '../../base/error.ts';
import { row, span } from '../../views/base/rows.ts';
import { writeWhole } from '../../store/objects/files.ts';
import { printJson, tell } from '../context/output.ts';
import { parseSource, readLiveFor } from '../planning/planning.ts';
import { during } from '../context/working.ts';
import { readInput, type CommandContext } from '../context/command-context.ts';

/** `aiplan refresh FILE -o live.json`: records what a plan of FILE would read; sensitive values are masked in it. */
export async function refreshCommand(
  context: CommandContext,
  file: string,
  out: string | undefined,
): Promise<ExitCode> {
  const source = parseSource(context, readInput(context.io, file), file);
  const live = await during(context, `reading AWS for ${file}`, () => readLiveFor(context, source));
  const recorded = { ...live, recorded: true };
  if (out === undefined) printJson(context.io, recorded);
  else {
    writeWhole(resolve(context.io.current, out), `${JSON.stringify(recorded, null, 2)}\n`);
    const calls = Object.values(live.calls).reduce((sum, count) => sum + count, 0);
    tell(context.io, context.options, [
      row(0, span('recorded', 'good'), ` ${live.resources.length} resources with ${calls} calls in ${out}`),
    ]);
  }
  return exitCodes.done;
}
