import { exitCodes, type ExitCode } from '../model/error.ts';
import { needed } from '../model/confirm.ts';
import { approve } from '../engine/approve.ts';
import { planRows } from '../views/plan-rows.ts';
import { reportRows } from '../views/report-rows.ts';
import { refuseWithoutBucket } from './capture-bucket.ts';
import { missingOf, obtainApproval, cannotAsk, type ConsentOptions } from './consent.ts';
import { isBlocked } from './plan.ts';
import { print, printJson } from './output.ts';
import { loadForApply, type Loaded } from './planning.ts';
import { run } from './run.ts';
import type { World } from './world.ts';

/** `aiplan apply PLAN|FILE`: review, confirmations, and then the run. */
export async function applyCommand(world: World, file: string, consent: ConsentOptions): Promise<ExitCode> {
  return applyLoaded(world, await loadForApply(world, file), file, consent);
}

/** Approves and runs what was loaded; apply and rollback walk the same road. */
export async function applyLoaded(world: World, loaded: Loaded, file: string, consent: ConsentOptions): Promise<ExitCode> {
  const { io, options } = world;
  const { plan } = loaded.planned;
  if (isBlocked(plan)) {
    if (options.json === true) printJson(io, { status: 'blocked', plan });
    else print(io, options, planRows(plan, io.clock.now(), file));
    return exitCodes.blocked;
  }
  if (needed(plan).nothing) {
    if (options.json === true) printJson(io, { status: 'nothing_to_do', plan: plan.digest });
    else print(io, options, planRows(plan, io.clock.now(), file));
    return exitCodes.done;
  }
  if (options.json === true && consent.approval === undefined && consent.yes !== true && cannotAsk(world) !== null) {
    printJson(io, missingOf(plan));
    return exitCodes.blocked;
  }
  if (consent.approval !== undefined || cannotAsk(world) === null) await refuseWithoutBucket(world, plan);
  const approval = await obtainApproval(world, loaded.planned, consent);
  const approved = approve(loaded.planned, approval, world.configuration, io.clock.now());
  const report = await run(world, approved, loaded.source);
  if (options.json === true) printJson(io, report);
  else print(io, options, reportRows(report));
  return report.exitCode;
}
