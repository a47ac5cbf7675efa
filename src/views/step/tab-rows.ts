import type { Knowledge } from '../../domain/property-hints.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { callRows } from './call-rows.ts';
import { changeLinesOf, documentationRowOf, type ChangeLine } from './change-rows.ts';
import { claimRows } from './claim-rows.ts';
import { dependsRows } from './depends-rows.ts';
import { evidenceRows } from './evidence-rows.ts';
import { recoveryRows, hazardRows } from './recovery-rows.ts';
import { blank, row, span, type Row } from '../base/rows.ts';

export type Tab = 'changes' | 'evidence' | 'recovery' | 'calls' | 'depends';

/** The tabs of a step in their order, each with the key that opens it. */
export const tabs: readonly { readonly tab: Tab; readonly title: string; readonly key: string }[] = [
  { tab: 'changes', title: 'Changes', key: '1' },
  { tab: 'evidence', title: 'Evidence', key: '2' },
  { tab: 'recovery', title: 'Recovery', key: '3' },
  { tab: 'calls', title: 'Calls', key: '4' },
  { tab: 'depends', title: 'Depends', key: '5' },
];

/**
 * The surroundings of a tab: the plan around the step, the time in milliseconds since 1970, and what is known of
 * properties.
 */
export interface Reading {
  readonly plan: Plan;
  readonly now: number;
  readonly knowledge: Knowledge;
}

/** One tab of a step, as rows before wrapping. */
export function tabRows(tab: Tab, step: Step, reading: Reading): readonly Row[] {
  switch (tab) {
    case 'changes':
      return changeLines(step, reading).map((line) => line.row);
    case 'evidence':
      return evidenceRows(step, reading.plan, reading.now);
    case 'recovery':
      return recoveryRows(step, reading.now);
    case 'calls':
      return callRows(step);
    case 'depends':
      return dependsRows(step, reading.plan);
    default:
      return tab satisfies never;
  }
}

/**
 * Rows of the Changes tab with the index of the change each row belongs to, so that the screen can select a property
 * and show its documentation line. Losses and grants stand first, the author's claims last and apart.
 */
export function changeLines(step: Step, { knowledge, plan }: Reading): readonly ChangeLine[] {
  const about = (rows: readonly Row[]): readonly ChangeLine[] => rows.map((line) => ({ row: line, change: null }));
  const changes = changeLinesOf(step, knowledge);
  const claims = claimRows(step, plan);
  return [
    ...about(hazardRows(step)),
    ...(changes.length === 0 ? about([row(0, span(emptyText(step), 'muted'))]) : changes),
    // Apart from what AWS says, and marked.
    ...(claims.length === 0 ? [] : about([blank, ...claims])),
  ];
}

const emptyText = (step: Step): string =>
  step.action === 'delete'
    ? 'The whole resource goes; no property is changed before.'
    : step.blocked
      ? 'The step is blocked: its changes were not worked out.'
      : 'No property changes.';

/** AWS's own documentation line of the property that a change is about; null where there is none. */
export const documentationRow = (step: Step, change: number, { knowledge }: Reading): Row | null =>
  documentationRowOf(step, change, knowledge);
