import { resolve } from 'node:path';
import { exitCodes, type ExitCode } from '../../base/error.ts';
import { row, span } from '../../views/base/rows.ts';
import { writeWhole } from '../../store/objects/files.ts';
import { printJson, tell } from '../context/output.ts';
import { parseSource, readLiveFor } from '../planning/planning.ts';
import { readInput, type World } from '../context/command-context.ts';

/** `aiplan refresh FILE -o live.json`: records what a plan of FILE would read; sensitive values are masked in it. */
export async function refreshCommand(world: World, file: string, out: string | undefined): Promise<ExitCode> {
  const live = await readLiveFor(world, parseSource(world, readInput(world.io, file), file));
  const recorded = { ...live, recorded: true };
  if (out === undefined) printJson(world.io, recorded);
  else {
    writeWhole(resolve(world.io.current, out), `${JSON.stringify(recorded, null, 2)}\n`);
    const calls = Object.values(live.calls).reduce((sum, count) => sum + count, 0);
    tell(world.io, world.options, [row(0, span('recorded', 'good'), ` ${live.resources.length} resources with ${calls} calls in ${out}`)]);
  }
  return exitCodes.done;
}
