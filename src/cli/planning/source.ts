import type { ChangePlan } from '../../domain/change-plan.ts';
import { staysForGood, type Finding } from '../../domain/finding.ts';
import type { LeftUndone } from '../../domain/records/journal.ts';
import type { PlannedText } from '../../domain/plan.ts';
import { rejectionFindings, sortedOnce, withoutRejected } from '../../language/reject.ts';

/** The source of a plan. `file` is the name for places in messages. */
export interface Source {
  readonly changePlan: ChangePlan;
  readonly text: string;
  readonly file: string;
  /** Findings of parsing, or of reading the journal for a rollback. */
  readonly findings: readonly Finding[];
  /**
   * Why a rollback is incomplete even when all of it is done: what the run did and nothing undoes. Empty for anything
   * else.
   */
  readonly incomplete: readonly string[];
  /** Of a rollback, by address: what its restores and inverse changes do not bring back. */
  readonly lost?: Readonly<Record<string, readonly string[]>>;
  /** The files that `!Text` named, as they were read. */
  readonly texts?: readonly PlannedText[];
  /** The run that this is what remains of: it does not stand in its own way. */
  readonly resumes?: string;
  /** As it was before steps were rejected. */
  readonly whole?: Source;
  /** Of a rollback: why steps are left out of it that nobody rejected. */
  readonly left?: readonly Finding[];
}

/**
 * The source without the steps that the reviewer rejected, and without those that are left out for a reason (`left`),
 * always from the whole of it. The findings about a rejected step go with it, except those that say why it cannot be
 * undone. A rollback without some of its steps is incomplete. Throws UserError `not-rejectable`.
 */
export function rejecting(
  source: Source,
  rejected: readonly string[],
  left: readonly Finding[] = source.left ?? [],
): Source {
  const whole = source.whole ?? source;
  if (rejected.length === 0) return whole;
  const out = new Set(rejected);
  const isBack = whole.changePlan.rollbackOf !== undefined;
  const about = left.filter(({ step }) => step !== null && out.has(step));
  const reasons = onceEach([
    ...whole.findings.filter(({ step, severity }) => isBack && severity === 'error' && step !== null && out.has(step)),
    ...about,
  ]).map((finding): Finding => ({ ...finding, severity: 'warning' }));
  const said = new Set(reasons.map(({ step }) => step));
  return {
    ...whole,
    whole,
    changePlan: withoutRejected(whole.changePlan, rejected),
    ...(about.length === 0 ? {} : { left: about }),
    findings: [
      ...whole.findings.filter(({ step }) => step === null || !out.has(step)),
      ...reasons,
      ...rejectionFindings(whole.changePlan, rejected),
    ],
    incomplete: !isBack
      ? []
      : [
          ...new Set([
            ...whole.incomplete,
            ...reasons.map(sentenceOf),
            ...sortedOnce(rejected)
              .filter((address) => !said.has(address))
              .map((address) => `"${address}" was rejected and stays as the run left it`),
          ]),
        ],
  };
}

/** What a rollback leaves even when all of it is done, for its journal and its report. Nothing for anything else. */
export function leftUndone({ incomplete, findings }: Pick<Source, 'incomplete' | 'findings'>): LeftUndone {
  if (incomplete.length === 0) return {};
  const kept = new Set(findings.filter(({ code }) => staysForGood.has(code)).map(sentenceOf));
  const forGood = incomplete.filter((text) => kept.has(text));
  return { incomplete, ...(forGood.length === 0 ? {} : { forGood }) };
}

/** What differs from before the run when all of a rollback is done: what it leaves, and what no restore brings back. */
export const staysOf = ({ changePlan, incomplete, lost = {} }: Source): readonly string[] => [
  ...incomplete,
  ...changePlan.resources.flatMap(({ address }) => (lost[address] ?? []).map((loss) => `${address}: ${loss}`)),
];

/** A finding in the list of what a rollback leaves. */
export const sentenceOf = ({
  step,
  code,
  message,
  help,
}: Pick<Finding, 'step' | 'code' | 'message' | 'help'>): string =>
  `${step === null ? '' : `${step}: `}${message}${staysForGood.has(code) && help !== undefined ? `; ${help}` : ''}`;

const onceEach = (findings: readonly Finding[]): readonly Finding[] => [
  ...new Map(findings.map((finding) => [sentenceOf(finding), finding])).values(),
];
