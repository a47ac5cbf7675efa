import { resolve } from 'node:path';
import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import { planRows } from '../../views/plan/plan-rows.ts';
import { row, span } from '../../views/base/rows.ts';
import { planText, writePlanFile } from '../../store/objects/plan-file.ts';
import { notePlanned } from '../context/audit-log.ts';
import { applyLoaded } from './apply.ts';
import type { ConsentOptions } from '../planning/consent.ts';
import { isBlocked } from './plan.ts';
import { print, printJson, tell } from '../context/output.ts';
import type { Source } from '../planning/source.ts';
import type { World } from '../context/command-context.ts';
import { loaded, rollbackSource } from '../planning/loading.ts';

export interface RollbackOptions extends ConsentOptions { readonly out?: string; readonly fromAws?: boolean; readonly run?: string }

/**
 * `aiplan rollback RUN`: the journal becomes a plan that walks the same road; with `-o` it is only kept for review. With `--from-aws` the
 * capture bucket stands in for a journal that is lost; without a run it lists the ones that it knows of. Throws UserError `run-missing`.
 */
export async function rollback(world: World, given: string | undefined, options: RollbackOptions): Promise<ExitCode> {
  const runId = given ?? options.run;
  if (runId === undefined && options.fromAws === true) return listFromAws(world);
  if (runId === undefined) throw new UserError('run-missing', 'which run is to be taken back?', { help: 'aiplan rollback RUN; `aiplan runs` lists them, `aiplan rollback --from-aws` those that the capture bucket knows of' });
  const source = options.fromAws === true ? await (await import('../planning/from-aws.ts')).fromAwsSource(world, runId) : await rollbackSource(world, runId);
  return keepOrWalk(world, source, options);
}

/** A generated plan, kept in a file with `-o`, else reviewed and carried out. */
export async function keepOrWalk(world: World, source: Source, options: ConsentOptions & { readonly out?: string }): Promise<ExitCode> {
  const from = await loaded(world, source);
  const { planned } = from;
  if (options.out !== undefined) {
    writePlanFile(resolve(world.io.current, options.out), planned.plan);
    await notePlanned(world, planned.plan);
    if (world.options.json === true) world.io.stdout.write(planText(planned.plan));
    else print(world.io, world.options, planRows(planned.plan, world.io.clock.now(), source.file));
    return isBlocked(planned.plan) ? exitCodes.blocked : exitCodes.done;
  }
  return applyLoaded(world, { ...from, saved: null }, source.file, options);
}

async function listFromAws(world: World): Promise<ExitCode> {
  const { keptRunRows, runsInAws } = await import('../planning/from-aws.ts');
  const { runs, findings } = await runsInAws(world);
  if (world.options.json === true) printJson(world.io, runs);
  else print(world.io, world.options, [...keptRunRows(runs), row(0, 'To take one back: ', span(`aiplan rollback --from-aws --run ${runs[0]?.run ?? 'RUN'}`, 'title'))]);
  tell(world.io, world.options, findings.map(({ message }) => row(0, span('warning: ', 'warning'), message)), 'error');
  return exitCodes.done;
}
