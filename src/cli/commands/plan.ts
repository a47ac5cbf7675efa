import { resolve } from 'node:path';
import { exitCodes, type ExitCode } from '../../base/error.ts';
import type { Plan } from '../../domain/plan.ts';
import { planRows } from '../../views/plan/plan-rows.ts';
import { blank, row, span } from '../../views/base/rows.ts';
import { mentionRows } from '../../views/run/runs-rows.ts';
import { planText, writePlanFile } from '../../store/objects/plan-file.ts';
import { notePlanned } from '../context/audit-log.ts';
import { mentionUnfinished } from '../planning/open-runs.ts';
import { print, tell } from '../context/output.ts';
import { during } from '../context/working.ts';
import { makeCheckedPlan, parseSource } from '../planning/planning.ts';
import { readInput, type CommandContext } from '../context/command-context.ts';

export interface PlanOptions {
  readonly out?: string;
  readonly detailedExitcode?: boolean;
}

/** True when a plan cannot be applied as it is. */
export const isBlocked = (plan: Plan): boolean =>
  plan.summary.blocked > 0 || plan.findings.some((finding) => finding.severity === 'error');

/** `aiplan plan FILE`: reads AWS, shows what would happen, and with `-o` keeps the plan. */
export async function planCommand(
  context: CommandContext,
  file: string,
  { out, detailedExitcode }: PlanOptions,
): Promise<ExitCode> {
  const { io, options } = context;
  const source = parseSource(context, readInput(io, file), file);
  const { planned } = await during(context, `reading AWS for ${file}`, () => makeCheckedPlan(context, source));
  const { plan } = planned;
  if (out !== undefined) {
    writePlanFile(resolve(io.current, out), plan);
    await notePlanned(context, plan);
  }
  const mentions = mentionRows(plan);
  if (options.json === true) io.stdout.write(planText(plan));
  else
    print(io, options, [
      ...mentions,
      ...(mentions.length === 0 ? [] : [blank]),
      ...planRows(plan, io.clock.now(), file),
    ]);
  if (options.json === true) mentionUnfinished(context, plan);
  if (out !== undefined)
    tell(io, options, [
      isBlocked(plan)
        ? row(0, span(`blocked plan written to ${out}`, 'muted'))
        : row(0, span(`plan written to ${out}; `, 'muted'), `aiplan apply ${out}`),
    ]);
  if (isBlocked(plan)) return exitCodes.blocked;
  return detailedExitcode === true && plan.steps.some((step) => step.action !== 'keep')
    ? exitCodes.changes
    : exitCodes.done;
}
