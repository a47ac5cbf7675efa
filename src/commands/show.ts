import { exitCodes, type ExitCode } from '../model/error.ts';
import { planRows } from '../views/plan-rows.ts';
import { parsePlanText, planText } from '../store/plan-file.ts';
import { print } from './output.ts';
import { readInput, type World } from './world.ts';

/** `aiplan show PLAN`: a plan file, as it was when it was made. */
export async function show(world: World, file: string): Promise<ExitCode> {
  const plan = parsePlanText(readInput(world.io, file), file);
  if (world.options.json === true) world.io.stdout.write(planText(plan));
  else print(world.io, world.options, planRows(plan, world.io.clock.now()));
  return exitCodes.done;
}
