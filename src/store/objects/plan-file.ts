import { canonical, sha256 } from '../../base/digest.ts';
import { UserError } from '../../base/error.ts';
import { escapeJson, sanitise } from '../../base/sanitise.ts';
import { flawText, plainJson } from '../../base/shape.ts';
import type { Plan } from '../../domain/plan.ts';
import { writeWhole } from './files.ts';
import { plan as planShape } from './shapes.ts';

/**
 * Writes a plan file: the plan as JSON plus `seal`, the SHA-256 of its canonical form, which tells an edited or cut
 * file from a whole one. Throws UserError `store-unwritable`.
 */
export function writePlanFile(path: string, plan: Plan): void {
  writeWhole(path, planText(plan));
}

/** The exact text of a plan file. */
export const planText = (plan: Plan): string =>
  `${escapeJson(JSON.stringify({ ...plan, seal: sha256(canonical(plan)) }, null, 2))}\n`;

/** True when a text looks like a plan file rather than a change plan. */
export const isPlanText = (text: string): boolean => /^\s*\{\s*"format"\s*:\s*"aiplan\/plan@/u.test(text);

export function parsePlanText(text: string, path: string): Plan {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError('not-a-plan-file', `"${path}" is not JSON`, {
      cause: error,
      help: 'make a new one with `aiplan plan FILE -o PLAN`',
    });
  }
  const { seal, ...plan } = (value ?? {}) as Plan & { seal?: string };
  if (typeof plan.format !== 'string' || !plan.format.startsWith('aiplan/plan@')) {
    throw new UserError('not-a-plan-file', `"${path}" is not a plan file`, {
      help: 'make one with `aiplan plan FILE -o PLAN`',
    });
  }
  if (plan.format !== 'aiplan/plan@1') {
    throw new UserError('plan-version', `"${path}" has format "${plan.format}"; this version reads aiplan/plan@1`, {
      help: 'plan again with this version',
    });
  }
  const deep = plainJson(plan);
  if (deep !== null) throw malformed(path, flawText(deep));
  if (seal !== sha256(canonical(plan))) {
    throw new UserError('plan-file-edited', `"${path}" is not as aiplan wrote it: its seal does not fit`, {
      help: 'change the change plan instead, and plan again',
    });
  }
  const flaw = planShape(plan);
  if (flaw !== null) throw malformed(path, flawText(flaw));
  return plan;
}

const malformed = (path: string, what: string): UserError =>
  new UserError('not-a-plan-file', `"${sanitise(path)}" is not a plan file that aiplan wrote: ${sanitise(what)}`, {
    where: path,
    help: 'make a new one with `aiplan plan FILE -o PLAN`',
  });
