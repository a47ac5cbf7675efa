import { exitCodes, UserError, type ExitCode } from '../model/error.ts';
import { reportOf } from '../engine/report.ts';
import { reportRows } from '../views/report-rows.ts';
import { nextOf, runsRows } from '../views/runs-rows.ts';
import { unfinishedRuns } from './open-runs.ts';
import { print, printJson } from './output.ts';
import type { World } from './world.ts';

/** `aiplan runs [RUN]`: the runs of this store, unfinished ones first with what to do next; or one run in full. */
export async function runs(world: World, run: string | undefined, of: string | undefined, given: { readonly takeOver?: string } = {}): Promise<ExitCode> {
  const { io, options } = world;
  if (run === 'abandon') {
    if (of === undefined) throw new UserError('run-missing', 'which run is to be abandoned?', { help: 'aiplan runs abandon RUN; `aiplan runs` lists them' });
    return (await import('./abandon.ts')).abandon(world, of, given);
  }
  if (of !== undefined) throw new UserError('run-verb', `"${run ?? ''}" is nothing that can be done with a run`, { help: 'aiplan runs, aiplan runs RUN, aiplan runs abandon RUN' });
  if (run !== undefined) {
    const { records } = await world.store.readRun(run);
    if (options.json === true) printJson(io, { report: reportOf(records), records });
    else print(io, options, reportRows(reportOf(records)));
    return exitCodes.done;
  }
  const unfinished = await unfinishedRuns(world);
  const first = new Set(unfinished.map(({ summary }) => summary.run));
  const others = (await world.store.listRuns()).filter((summary) => !first.has(summary.run));
  if (options.json === true) printJson(io, [...unfinished.map((item) => ({ ...item.summary, unfinished: item.state, holder: item.holder, next: nextOf(item) })), ...others]);
  else print(io, options, runsRows(unfinished, others));
  return exitCodes.done;
}
