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
import { during } from '../context/working.ts';
import type { Source } from '../planning/source.ts';
import type { CommandContext } from '../context/command-context.ts';
import { loaded, rollbackSource } from '../planning/loading.ts';

export interface RollbackOptions extends ConsentOptions {
  readonly out?: string;
  readonly fromAws?: boolean;
  readonly run?: string;
}

/**
 * `aiplan rollback RUN`: the journal becomes a plan that walks the same road; with `-o` it is only kept for review.
 * With `--from-aws` the capture bucket stands in for a journal that is lost; without a run it lists the ones that it
 * knows of. Throws UserError `run-missing`.
 */
export async function rollback(
  context: CommandContext,
  given: string | undefined,
  options: RollbackOptions,
): Promise<ExitCode> {
  const runId = given ?? options.run;
  if (runId === undefined && options.fromAws === true) return listFromAws(context);
  if (runId === undefined)
    throw new UserError('run-missing', 'which run is to be undone?', {
      help: 'aiplan rollback RUN; `aiplan runs` lists them, `aiplan rollback --from-aws` those that the capture bucket knows of',
    });
  const source = await during(context, `reading AWS for the rollback of run ${runId}`, async () =>
    options.fromAws === true
      ? (await import('../planning/from-aws.ts')).fromAwsSource(context, runId)
      : rollbackSource(context, runId),
  );
  return keepOrWalk(context, source, options);
}

/** A generated plan, kept in a file with `-o`, else reviewed and carried out. */
export async function keepOrWalk(
  context: CommandContext,
  source: Source,
  options: ConsentOptions & { readonly out?: string },
): Promise<ExitCode> {
  const from = await during(context, `planning ${source.file}`, () => loaded(context, source));
  const { planned } = from;
  if (options.out !== undefined) {
    writePlanFile(resolve(context.io.current, options.out), planned.plan);
    await notePlanned(context, planned.plan);
    if (context.options.json === true) context.io.stdout.write(planText(planned.plan));
    else print(context.io, context.options, planRows(planned.plan, context.io.clock.now(), source.file));
    return isBlocked(planned.plan) ? exitCodes.blocked : exitCodes.done;
  }
  return applyLoaded(context, { ...from, saved: null }, source.file, options);
}

async function listFromAws(context: CommandContext): Promise<ExitCode> {
  const { keptRunRows, runsInAws } = await import('../planning/from-aws.ts');
  const { runs, findings } = await runsInAws(context);
  if (context.options.json === true) printJson(context.io, runs);
  else
    print(context.io, context.options, [
      ...keptRunRows(runs),
      row(0, 'To undo one: ', span(`aiplan rollback --from-aws --run ${runs[0]?.run ?? 'RUN'}`, 'title')),
    ]);
  tell(
    context.io,
    context.options,
    findings.map(({ message }) => row(0, span('warning: ', 'warning'), message)),
    'error',
  );
  return exitCodes.done;
}
