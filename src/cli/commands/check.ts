import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import type { Finding } from '../../domain/finding.ts';
import type { Plan } from '../../domain/plan.ts';
import { planMarkdown } from '../../views/html/markdown.ts';
import { briefRows, findingRows, inFindingOrder } from '../../views/plan/plan-rows.ts';
import { blank, plainText, row, span } from '../../views/base/rows.ts';
import { sanitiseMarkdown } from '../../base/sanitise.ts';
import { print, printJson } from '../context/output.ts';
import { during } from '../context/working.ts';
import { isBlocked } from './plan.ts';
import { ChangePlanError, makeCheckedPlan, parseSource } from '../planning/planning.ts';
import { readInput, type CommandContext } from '../context/command-context.ts';

export type CheckFormat = 'text' | 'json' | 'markdown';
interface Checked {
  readonly file: string;
  readonly plan: Plan | null;
  readonly findings: readonly Finding[];
}

/** `aiplan check FILE…`: the dry run for CI. Exit 0 clean, 3 when any file is invalid or blocked. */
export async function check(context: CommandContext, files: readonly string[], format: CheckFormat): Promise<ExitCode> {
  const results: Checked[] = [];
  for (const [index, file] of files.entries()) {
    const place = files.length === 1 ? '' : ` (file ${index + 1} of ${files.length})`;
    results.push(await during(context, `reading AWS for ${file}${place}`, () => checkOne(context, file)));
  }
  const now = context.io.clock.now();
  const bad = results.some(
    ({ plan, findings }) =>
      plan === null || isBlocked(plan) || findings.some((finding) => finding.severity === 'error'),
  );
  if (format === 'json') printJson(context.io, { clean: !bad, files: results });
  else if (format === 'markdown') {
    context.io.stdout.write(
      results
        .map(({ file, plan, findings }) =>
          plan === null
            ? [
                `### aiplan: ${sanitiseMarkdown(file)}`,
                '',
                '**This change plan is invalid.**',
                '',
                ...findings.flatMap((finding) =>
                  findingRows(finding, file).map((line) => `- ${sanitiseMarkdown(plainText(line).trim())}`),
                ),
                '',
              ].join('\n')
            : planMarkdown(plan, now, { file }),
        )
        .join('\n'),
    );
  } else {
    for (const { file, plan, findings } of results) {
      print(context.io, context.options, [
        row(0, span(file, 'title')),
        ...(plan === null
          ? inFindingOrder(findings).flatMap((finding) => findingRows(finding, file))
          : briefRows(plan, now, file)),
        blank,
      ]);
    }
    print(context.io, context.options, [bad ? row(0, span('blocked', 'destroy')) : row(0, span('clean', 'good'))]);
  }
  return bad ? exitCodes.blocked : exitCodes.done;
}

async function checkOne(context: CommandContext, file: string): Promise<Checked> {
  try {
    const source = parseSource(context, readInput(context.io, file), file);
    const { plan } = (await makeCheckedPlan(context, source)).planned;
    return { file, plan, findings: plan.findings };
  } catch (error) {
    if (error instanceof ChangePlanError) return { file, plan: null, findings: error.findings };
    if (error instanceof UserError && (error.code === 'wrong-account' || error.code === 'wrong-region')) {
      return {
        file,
        plan: null,
        findings: [
          {
            code: error.code,
            severity: 'error',
            step: null,
            message: error.message,
            line: 1,
            column: 1,
            ...(error.help === undefined ? {} : { help: error.help }),
          },
        ],
      };
    }
    throw error;
  }
}
