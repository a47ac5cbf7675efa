import { noKnowledge, type Knowledge } from '../../domain/property-hints.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { cardRows, stepRow } from '../step/card-rows.ts';
import { pictureOf, type Picture } from './picture.ts';
import { pictureRows } from './picture-rows.ts';
import { askRows, findingRows, headRows, inFindingOrder, inReadingOrder, isUnchanged } from './plan-parts.ts';
import { staysRows } from './stays-rows.ts';
import { blank, row, span, type Row } from '../base/rows.ts';

/** One step of a document: its line, and what stands below it; nothing where one line is enough. */
export interface StepSection {
  readonly step: Step;
  readonly title: Row;
  readonly rows: readonly Row[];
}

/**
 * A plan as sections of rows, in reading order. Text, Markdown and HTML are this, written differently, so that none of
 * them can leave out what another one says.
 */
export interface PlanDocument {
  readonly plan: Plan;
  readonly head: readonly Row[];
  /** Notes about this form for the reader: that a large plan is cut, say. */
  readonly notes: readonly Row[];
  readonly steps: readonly StepSection[];
  /** Whether the plan is so large that steps which need no look stand in one line. */
  readonly large: boolean;
  /** Null where it was not asked for; `order` is the same in words. */
  readonly picture: Picture | null;
  readonly order: readonly Row[];
  readonly findings: readonly (readonly Row[])[];
  /** Of a rollback: what it does not bring back. */
  readonly stays: readonly Row[];
  readonly asks: readonly Row[];
}

/** With more steps than this, those that need no look stand in one line each. */
const mostInFull = 500;

/** Destructions, grants, blocked steps, interruptions and one-way changes are never put in brief. */
const needsLook = (step: Step): boolean =>
  step.destruction !== null || step.grant !== null || step.blocked || step.interrupts || step.oneWay.length > 0;

export interface DocumentOptions {
  /** The name of the change plan, for places in findings. */
  readonly file?: string | null;
  /** Whether the order of execution is wanted, as a picture and in words. */
  readonly picture?: boolean;
  /** Knowledge about properties, so that policies are compared by statement. */
  readonly knowledge?: Knowledge;
}

/** The document of a plan. `now` in milliseconds since 1970. */
export function planDocument(
  plan: Plan,
  now: number,
  { file = null, picture: wanted = false, knowledge = noKnowledge }: DocumentOptions = {},
): PlanDocument {
  const large = plan.steps.length > mostInFull;
  const picture = wanted ? pictureOf(plan) : null;
  return {
    plan,
    picture,
    large,
    head: headRows(plan, now),
    notes: large
      ? [
          row(
            0,
            span(
              `This plan has ${plan.steps.length.toLocaleString('en')} steps: what destroys, opens, interrupts, cannot be inverted or is blocked stands here in full, every other step in one line.`,
              'warning',
            ),
          ),
        ]
      : [],
    steps: inReadingOrder(plan.steps).map((step) => {
      const full = needsLook(step) || (!large && !isUnchanged(step));
      return { step, title: stepRow(step), rows: full ? cardRows(step, plan, now, knowledge).slice(1) : [] };
    }),
    order: picture === null ? [] : pictureRows(picture),
    findings: inFindingOrder(plan.findings).map((finding) => findingRows(finding, file)),
    stays: staysRows(plan),
    asks: askRows(plan),
  };
}

/** A document as rows: the text form. */
export function documentRows({ head, notes, steps, order, findings, stays, asks }: PlanDocument): readonly Row[] {
  const rows: Row[] = [...head, ...notes, blank];
  for (const { title, rows: below } of steps) {
    rows.push(title);
    if (below.length > 0) rows.push(...below, blank);
  }
  if (order.length > 0) rows.push(...(rows.at(-1) === blank ? [] : [blank]), ...order, blank);
  if (findings.length > 0) rows.push(...(rows.at(-1) === blank ? [] : [blank]), ...findings.flat(), blank);
  if (stays.length > 0) rows.push(...(rows.at(-1) === blank ? [] : [blank]), ...stays, blank);
  rows.push(...asks);
  return rows;
}
