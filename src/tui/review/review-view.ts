import { needed } from '../../domain/confirmation.ts';
import { sha256 } from '../../base/digest.ts';
import { UserError } from '../../base/error.ts';
import type { Knowledge } from '../../domain/property-hints.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import type { ReviewResult } from '../../domain/review.ts';
import { cardRows } from '../../views/step/card-rows.ts';
import { plainText } from '../../views/base/rows.ts';
import { orderedSteps } from './state/entries.ts';
import { countdownFrom } from './frame/frame-header.ts';
import { sentenceLines } from './frame/frame-text.ts';
import { drawFrame } from './frame/frame.ts';
import { layoutOf } from '../terminal/layout.ts';
import { reduce } from './reduce/reduce.ts';
import type { KeyEvent, View, Size } from '../terminal/view.ts';
import { prepareSearch } from './state/search.ts';
import { expiresIn, openReview, type ReviewEvent, type ReviewState } from './state/state.ts';

export interface ReviewSceneOptions {
  readonly plan: Plan;
  readonly purpose: 'apply' | 'sign' | 'look';
  /** The tier in force: `T0` or `T1`. */
  readonly tier: string;
  readonly maxConfirmations: number;
  readonly knowledge: Knowledge;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /**
   * Plans again without the rejected addresses: all of them so far, sorted. Throws UserError. Null: rejecting is not
   * possible here.
   */
  readonly replan: ((rejected: readonly string[]) => Promise<Plan>) | null;
}

/**
 * Milliseconds between frames: while planning, while the seconds to the expiry are counted, else for the plan's age.
 */
const ticks = { planning: 250, countdown: 1_000, age: 15_000 };
/** Milliseconds of one slice of preparing the search, so that no key waits for it. */
const slice = 5;

/** SHA-256 of a step's card as it is shown. `now` in milliseconds since 1970. */
export const shownDigest = (step: Step, plan: Plan, now: number): string =>
  sha256(cardRows(step, plan, now).map(plainText).join('\n'));

/** The review as a view, and its result, which is set once: the person's decision. */
export function reviewScene(options: ReviewSceneOptions): {
  readonly scene: View;
  readonly result: Promise<ReviewResult>;
} {
  const { now, knowledge, replan } = options;
  const listeners = new Set<() => void>();
  let state: ReviewState = openReview({
    plan: options.plan,
    purpose: options.purpose,
    tier: options.tier,
    maxConfirmations: options.maxConfirmations,
    canReject: replan !== null,
  });
  let size: Size | null = null;
  let prepared = 0;
  let preparing = false;
  let settle: (result: ReviewResult) => void = () => undefined;
  const result = new Promise<ReviewResult>((resolve) => {
    settle = resolve;
  });

  const take = (event: ReviewEvent): void => {
    const before = state;
    const time = now();
    state = reduce(state, event, { now: time, shown: (step) => shownDigest(step, state.plan, time) });
    if (state === before) return;
    if (state.place === 'planning' && before.place !== 'planning') planAgain(state);
    if (state.plan !== before.plan) prepareAnew();
    if (state.decision !== null) settle(resultOf(state));
    for (const listener of listeners) listener();
  };
  const planAgain = ({ rejected, leavingOut }: ReviewState): void => {
    if (replan === null || leavingOut === null)
      return take({ kind: 'replan-failed', lines: ['steps of this plan cannot be left out here'] });
    const all = [...new Set([...rejected, leavingOut.id])].sort();
    replan(all).then(
      (plan) => take({ kind: 'replanned', plan }),
      (error: unknown) => take({ kind: 'replan-failed', lines: linesOf(error) }),
    );
  };
  /** The texts of the search, and the summary, are made between the keys. */
  const prepare = (): void => {
    const steps = orderedSteps(state.plan.steps);
    const from = performance.now();
    const enough = (): boolean => performance.now() - from > slice;
    if (prepared < steps.length) prepared = prepareSearch(steps, prepared, enough);
    else
      for (const end = Math.min(prepared + 64, 2 * steps.length); prepared < end; prepared += 1)
        sentenceLines(steps[prepared - steps.length] as Step, size?.columns ?? 80);
    if (prepared < 2 * steps.length && state.decision === null) setImmediate(prepare).unref();
    else preparing = false;
  };
  const prepareAnew = (): void => {
    prepared = 0;
    if (!preparing) setImmediate(prepare).unref();
    preparing = true;
  };

  const scene: View = {
    frame(current, time) {
      const another = size?.columns !== current.columns;
      size = current;
      const frame = drawFrame(state, current, time, knowledge);
      state = frame.state;
      if (another) prepareAnew();
      return frame.rows;
    },
    handle(event) {
      // Nobody decides about what is too small to be read.
      if (size !== null && layoutOf(size).tooSmall && !leaves(event, state)) return;
      take(event);
    },
    onChange(callback) {
      listeners.add(callback);
      return () => {
        listeners.delete(callback);
      };
    },
    get tick() {
      if (state.decision !== null) return null;
      if (state.place === 'planning') return ticks.planning;
      const left = expiresIn(state, now());
      if (!(left > 0)) return null;
      return left <= countdownFrom ? ticks.countdown : Math.min(ticks.age, left - countdownFrom + 1);
    },
  };
  return { scene, result };
}

const leaves = (event: KeyEvent, { place }: ReviewState): boolean =>
  event.kind === 'gone' ||
  event.kind === 'interrupt' ||
  place === 'leave' ||
  (place !== 'card' &&
    place !== 'summary' &&
    place !== 'search' &&
    event.kind === 'character' &&
    event.character === 'q');

/** The result of a review that was decided. */
export function resultOf({ decision, plan, confirmations, why, rejected }: ReviewState): ReviewResult {
  if (decision !== 'approved') return { decision: 'declined', confirmations: [], typedName: null, why, plan, rejected };
  return {
    decision,
    confirmations: [...confirmations.values()],
    typedName: needed(plan).name ? plan.name : null,
    why: '',
    plan,
    rejected,
  };
}

/** An error as the person reads it: in our words, and what to do. */
export function linesOf(error: unknown): readonly string[] {
  if (error instanceof UserError)
    return [`${error.code}: ${error.message}`, ...(error.help === undefined ? [] : error.help.split('\n'))];
  return [error instanceof Error ? error.message : String(error)];
}
