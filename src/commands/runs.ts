import { exitCodes, type ExitCode } from '../model/error.ts';
import { listRuns, readRun } from '../store/runs.ts';
import { reportOf } from '../engine/report.ts';
import { reportRows } from '../views/report-rows.ts';
import { row, span } from '../views/rows.ts';
import { print, printJson } from './output.ts';
import type { World } from './world.ts';

/** `aiplan runs [RUN]`: the runs of this store, unfinished ones first; or one run in full. */
export async function runs(world: World, run: string | undefined): Promise<ExitCode> {
  const { io, options } = world;
  if (run !== undefined) {
    const { records } = readRun(world.store, run);
    if (options.json === true) printJson(io, { report: reportOf(records), records });
    else print(io, options, reportRows(reportOf(records)));
    return exitCodes.done;
  }
  const all = listRuns(world.store);
  const ordered = [...all.filter((item) => item.outcome === 'open' || item.outcome === 'damaged'), ...all.filter((item) => item.outcome !== 'open' && item.outcome !== 'damaged')];
  if (options.json === true) printJson(io, ordered);
  else if (ordered.length === 0) print(io, options, [row(0, 'no runs yet')]);
  else {
    print(io, options, ordered.map((item) => row(0, span(item.run, 'title'),
      ` ${item.command ?? '?'} `, span(item.outcome, item.outcome === 'done' ? 'good' : 'destroy'),
      ` ${item.planName ?? ''}${item.rollbackOf === null ? '' : ` (rollback of ${item.rollbackOf})`}`,
      span(` ${item.account ?? ''} ${item.region ?? ''}${item.problem === null ? '' : ` ${item.problem}`}`, 'muted'))));
  }
  return exitCodes.done;
}
