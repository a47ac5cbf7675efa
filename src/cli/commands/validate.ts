import type { ResourceEntry } from '../../domain/change-plan.ts';
import { exitCodes, type ExitCode } from '../../base/error.ts';
import { findingRows, inFindingOrder } from '../../views/plan/plan-rows.ts';
import { row, span } from '../../views/base/rows.ts';
import { print, printJson } from '../context/output.ts';
import { ChangePlanError, parseSource } from '../planning/planning.ts';
import { readInput, type CommandContext } from '../context/command-context.ts';

const authored = (entries: readonly ResourceEntry[]): readonly ResourceEntry[] =>
  entries.filter(({ lookup }) => lookup !== true);

/** `aiplan validate FILE`: checks a change plan without AWS; every error at once. */
export async function validate(context: CommandContext, file: string): Promise<ExitCode> {
  const { io, options } = context;
  const text = readInput(io, file);
  try {
    const { changePlan, findings } = parseSource(context, text, file, undefined, { asks: true });
    if (options.json === true)
      printJson(io, { valid: true, name: changePlan.name, resources: authored(changePlan.resources).length, findings });
    else
      print(io, options, [
        ...inFindingOrder(findings).flatMap((finding) => findingRows(finding, file)),
        row(
          0,
          span('valid', 'good'),
          ` ${file}: "${changePlan.name}" with ${authored(changePlan.resources).length} resources`,
        ),
      ]);
    return exitCodes.done;
  } catch (error) {
    if (!(error instanceof ChangePlanError)) throw error;
    if (options.json !== true) throw error;
    printJson(io, { valid: false, findings: inFindingOrder(error.findings) });
    return exitCodes.error;
  }
}
