import type { Approval } from './approval.ts';
import type { Plan, Step } from './plan.ts';

/** Confirmations that the plan asks of the person. */
export interface Needed {
  /** Steps of which the identity must be typed, destructions first. */
  readonly confirmations: readonly Step[];
  /**
   * The plan name must be typed: something needs confirmation, interrupts or has no inverse call, or it rests on a
   * journal, which proves nothing (law 13).
   */
  readonly name: boolean;
  /** Nothing changes at all. */
  readonly nothing: boolean;
}

const known = new WeakMap<Plan, Needed>();

/**
 * Everything that a person must do before the plan can be applied. Pure; worked out once for a plan, because every key
 * of a review asks.
 */
export function needed(plan: Plan): Needed {
  let found = known.get(plan);
  if (found === undefined) {
    found = neededOf(plan);
    known.set(plan, found);
  }
  return found;
}

function neededOf(plan: Plan): Needed {
  const nothing = plan.steps.every((step) => step.action === 'keep');
  const confirmations = plan.steps.filter((step) => step.confirm !== null);
  return {
    confirmations: [
      ...confirmations.filter((step) => step.destruction !== null),
      ...confirmations.filter((step) => step.destruction === null),
    ],
    name:
      confirmations.length > 0 ||
      ((plan.rollbackOf !== null || plan.resumes !== undefined) && !nothing) ||
      plan.steps.some(
        (step) => step.coveredBy === undefined && step.action !== 'keep' && (step.interrupts || step.oneWay.length > 0),
      ),
    nothing,
  };
}

/**
 * The texts that a person must type, in words: `2 typed confirmations and the plan name typed`; empty where one yes is
 * enough.
 */
export function askedText({ confirmations, name }: Needed): string {
  const count = confirmations.length;
  return [
    ...(count > 0 ? [`${count} typed confirmation${count === 1 ? '' : 's'}`] : []),
    ...(name ? ['the plan name typed'] : []),
  ].join(' and ');
}

/** A phrase to type is at most this long: it stands on one line of the narrowest screen, between its two marks. */
const longestPhrase = 36;

/**
 * A phrase between marks that no keyboard types by accident, so that blanks and quotes in it are seen to belong to it.
 */
export const betweenMarks = (phrase: string): string => `«${phrase}»`;

/** The author's `accept_loss` as it is typed: on one line. */
const acceptedLine = (step: Step): string | null =>
  step.acceptLoss === null ? null : step.acceptLoss.replaceAll(/\s+/gu, ' ').trim();

/**
 * Whether the words that were typed accept the loss of the step: the loss as the plan says it (`lossPhrase`); of a
 * signer, who puts a key to them, also the author's `accept_loss` on one line (FORMATS.md). True where nothing has to
 * be typed.
 */
export function acceptsLoss(step: Step, typed: string | null, tier: Approval['tier']): boolean {
  const phrase = lossPhrase(step);
  return (
    phrase === null ||
    (typed !== null && typed !== '' && (typed === phrase || (tier === 'T1' && typed === acceptedLine(step))))
  );
}

/**
 * The words that a person types to accept an irreversible loss: the beginning of the loss itself, in plain characters;
 * not the author's `accept_loss`, which may say anything. Null where nothing is irreversible or nothing has to be
 * confirmed.
 */
export function lossPhrase(step: Step): string | null {
  if (step.recoverability.level !== 'irreversible' || step.confirm === null) return null;
  const said = [...step.recoverability.loses, ...(step.destruction?.loses ?? [])]
    .map(typeable)
    .find((phrase) => phrase !== '');
  return said ?? `everything of ${step.identity ?? step.id}`;
}

const typeable = (text: string): string => {
  const clause =
    text
      .split(/[,;:(]/u, 1)[0]
      ?.replaceAll(/[^ -~]/gu, ' ')
      .replaceAll(/\s+/gu, ' ')
      .trim() ?? '';
  return clause.length <= longestPhrase
    ? clause
    : clause.slice(
        0,
        clause.lastIndexOf(' ', longestPhrase) > 0 ? clause.lastIndexOf(' ', longestPhrase) : longestPhrase,
      );
};
