import { resolve } from 'node:path';
import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import type { Knowledge } from '../../domain/property-hints.ts';
import type { Plan } from '../../domain/plan.ts';
import { writeWhole } from '../../store/objects/files.ts';
import { parsePlanText, planText } from '../../store/objects/plan-file.ts';
import { documentRows, planDocument } from '../../views/plan/plan-document.ts';
import { row, span } from '../../views/base/rows.ts';
import { propertyHintsOf } from '../context/property-hints.ts';
import { asText, tell } from '../context/output.ts';
import { page } from '../context/pager.ts';
import { readInput, type CommandContext } from '../context/command-context.ts';

export interface ShowOptions {
  readonly markdown?: boolean;
  readonly html?: boolean;
  /** A file for the result instead of standard output. */
  readonly out?: string;
  /** False: never through a pager. */
  readonly pager: boolean;
}

/**
 * `aiplan show PLAN`: a plan file, as it was when it was made, in one of four forms of the same content. Throws
 * UserError `one-form` when more than one is asked for, and what reading and writing files throw.
 */
export async function show(
  context: CommandContext,
  file: string,
  { markdown, html, out, pager }: ShowOptions,
): Promise<ExitCode> {
  const { io, options } = context;
  const forms = [
    ...(options.json === true ? ['--json'] : []),
    ...(markdown === true ? ['--markdown'] : []),
    ...(html === true ? ['--html'] : []),
  ];
  if (forms.length > 1)
    throw new UserError('one-form', `${forms.join(' and ')} cannot both be had`, {
      help: 'run the command once for each form',
    });
  const plan = parsePlanText(readInput(io, file), file);
  const knowledge = propertyHintsOf(context);
  const made = await madeAs(forms[0] ?? 'text', plan, io.clock.now(), knowledge);
  const rows = made === null ? documentRows(planDocument(plan, io.clock.now(), { picture: true, knowledge })) : [];
  if (out !== undefined) {
    writeWhole(resolve(io.current, out), made ?? asText(io, options, rows, { color: false }));
    tell(io, options, [row(0, span('written', 'good'), ` ${out}`)]);
  } else if (made !== null) io.stdout.write(made);
  else {
    const text = asText(io, options, rows);
    if (!(await page(io, options, text, pager))) io.stdout.write(text);
  }
  return exitCodes.done;
}

/** Null: as text, which depends on where it goes. */
async function madeAs(form: string, plan: Plan, now: number, knowledge: Knowledge): Promise<string | null> {
  if (form === '--json') return planText(plan);
  if (form === '--html') return (await import('../../views/html/html.ts')).planHtml(plan, now, { knowledge });
  if (form === '--markdown')
    return (await import('../../views/html/markdown.ts')).planMarkdown(plan, now, { picture: true, knowledge });
  return null;
}
