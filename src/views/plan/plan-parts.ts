import { askedText, needed } from '../../domain/confirmation.ts';
import { isObject } from '../../base/json.ts';
import type { Finding } from '../../domain/finding.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { intentRow } from '../step/claim-rows.ts';
import { age, value } from '../base/format.ts';
import { helpRows, row, span, type Row } from '../base/rows.ts';

/** A step that changes nothing: it stands last, in one line. */
export const isUnchanged = (step: Step): boolean => step.action === 'keep' && !step.blocked;

/**
 * Destructions first, then what is blocked, then grants, updates, creates; unchanged ones last. Within each the order
 * of execution.
 */
export function inReadingOrder(steps: readonly Step[]): readonly Step[] {
  const rank = (step: Step): number =>
    isUnchanged(step)
      ? 5
      : step.destruction !== null
        ? 0
        : step.blocked
          ? 1
          : step.grant !== null
            ? 2
            : step.action === 'create'
              ? 4
              : 3;
  const ranked: Step[][] = [[], [], [], [], [], []];
  for (const step of steps) ranked[rank(step)]?.push(step);
  return ranked.flat();
}

/** The head of every view: name, where, how old, and the author's intent as a claim. */
export function headRows(plan: Plan, now: number): readonly Row[] {
  const { target, summary } = plan;
  const rows: Row[] = [
    row(0, span('Plan ', 'muted'), span(plan.name, 'title'), span(` ${plan.digest.slice(0, 19)}`, 'muted')),
    row(
      0,
      span('Where ', 'muted'),
      `${target.alias === undefined ? '' : `${target.alias} `}${target.account} in ${target.region}`,
      target.endpoint === null ? '' : span(`, endpoint ${target.endpoint}`, 'warning'),
      span(`, as ${target.caller}`, 'muted'),
    ),
    row(
      0,
      span('Made ', 'muted'),
      age(plan.createdAt, now),
      Date.parse(plan.expiresAt) > now
        ? span(`; expires ${age(plan.expiresAt, now)}`, 'muted')
        : span('; EXPIRED', 'destroy'),
    ),
    intentRow(plan),
    ...plan.assume.map((claim) => row(0, span('The author assumes ', 'muted'), span(`"${claim}"`, 'claim'))),
    row(0, span('Settings ', 'muted'), span(settingsText(plan), 'muted')),
  ];
  if (plan.recorded) rows.push(row(0, span('Made from recorded state: can be shown, never confirmed.', 'warning')));
  if (plan.rollbackOf !== null) rows.push(row(0, span(`Rollback of run ${plan.rollbackOf}.`, 'title')));
  if (plan.rejected !== undefined && plan.rejected.length > 0)
    rows.push(row(0, span('Rejected by the reviewer: ', 'warning'), span(plan.rejected.join(', '), 'title')));
  rows.push(row(0, summaryText(summary)));
  return rows;
}

/** The effective settings that bear on consent and captures; they are part of the plan's digest. */
function settingsText({ configuration }: Plan): string {
  const capture = isObject(configuration['capture']) ? configuration['capture'] : {};
  const rules = configuration['protected'];
  return [
    `confirmations count from tier ${value(configuration['minimumTier'])}`,
    configuration['allowYes'] === true ? '--yes is allowed' : '--yes is not allowed',
    `captures are kept ${value(capture['expiryDays'])} days, ${value(capture['expiryDaysDestruction'])} after a destruction`,
    ...(Array.isArray(rules) && rules.length > 0 ? [`protected: ${value(rules)}`] : []),
  ].join('; ');
}

/** `2 to delete, 1 to update` and so on. */
export function summaryText(summary: Plan['summary']): string {
  const parts = (
    [
      ['delete', 'to delete'],
      ['replace', 'to replace'],
      ['update', 'to update'],
      ['create', 'to create'],
      ['keep', 'unchanged'],
      ['blocked', 'BLOCKED'],
    ] as const
  )
    .filter(([key]) => summary[key] > 0)
    .map(([key, text]) => `${summary[key]} ${text}`);
  const hurts = `${summary.destructions} destruction${summary.destructions === 1 ? '' : 's'}, ${summary.grants} grant${summary.grants === 1 ? '' : 's'}`;
  return `${parts.length === 0 ? 'nothing to do' : parts.join(', ')}; ${hurts}`;
}

/** One finding with its place and what to do. `file` is the name of the change plan where it is known. */
export function findingRows(finding: Finding, file: string | null): readonly Row[] {
  const tone = finding.severity === 'error' ? 'destroy' : finding.severity === 'warning' ? 'warning' : 'muted';
  const place = finding.line === null ? '' : `${file ?? 'plan'}:${finding.line}:${finding.column ?? 1} `;
  return [
    row(
      0,
      span(`${finding.severity} ${finding.code}`, tone),
      span(` ${place}`, 'muted'),
      finding.step === null ? '' : span(`${finding.step}: `, 'title'),
      finding.message,
    ),
    ...helpRows(finding.help),
  ];
}

const severities = { error: 0, warning: 1, info: 2 } as const;

/** Findings, errors first, then in the order of the file. */
export const inFindingOrder = (findings: readonly Finding[]): readonly Finding[] =>
  [...findings].sort(
    (a, b) =>
      severities[a.severity] - severities[b.severity] ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );

/** The conditions before this plan can be applied. */
export function askRows(plan: Plan): readonly Row[] {
  if (plan.summary.blocked > 0 || plan.findings.some((finding) => finding.severity === 'error')) {
    return [row(0, span('This plan is blocked and cannot be applied.', 'destroy'))];
  }
  const needs = needed(plan);
  if (needs.nothing) return [row(0, span('Nothing to do: live state is as the plan wants it.', 'good'))];
  const asked = askedText(needs);
  return [
    asked === ''
      ? row(0, 'Applying needs one yes by a person.')
      : row(0, span(`Applying needs ${asked} by a person.`, 'title')),
  ];
}
