import { resolve } from 'node:path';
import { exitCodes, type ExitCode } from '../model/error.ts';
import { planRows } from '../views/plan-rows.ts';
import { planText, writePlanFile } from '../store/plan-file.ts';
import { applyLoaded } from './apply.ts';
import type { ConsentOptions } from './consent.ts';
import { isBlocked } from './plan.ts';
import { print } from './output.ts';
import { makePlan, rollbackSource } from './planning.ts';
import type { World } from './world.ts';

/** `aiplan rollback RUN`: the journal becomes a plan that walks the same road; with `-o` it is only kept for review. */
export async function rollback(world: World, runId: string, options: ConsentOptions & { readonly out?: string }): Promise<ExitCode> {
  const source = await rollbackSource(world, runId);
  const planned = await makePlan(world, source);
  if (options.out !== undefined) {
    writePlanFile(resolve(world.io.current, options.out), planned.plan);
    if (world.options.json === true) world.io.stdout.write(planText(planned.plan));
    else print(world.io, world.options, planRows(planned.plan, world.io.clock.now(), source.file));
    return isBlocked(planned.plan) ? exitCodes.blocked : exitCodes.done;
  }
  return applyLoaded(world, { source, planned, saved: null }, source.file, options);
}
