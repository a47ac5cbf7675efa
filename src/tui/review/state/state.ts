import type { Confirmation } from '../../../domain/approval.ts';
import { needed } from '../../../domain/confirmation.ts';
import type { Plan, Step } from '../../../domain/plan.ts';
import { listedSteps, type Filter } from './entries.ts';
import type { Replanned } from './replanned.ts';
import type { KeyEvent } from '../../terminal/view.ts';
import { noSearch, type Search } from './search.ts';

/**
 * Where the person is. `list` and `detail` are side by side on a wide screen; `card` asks for a typed confirmation;
 * `reject`, `planning`, `replanned` and `failed` follow each other when a step is left out; `leave` is a question;
 * `end`: it is over.
 */
type Place =
  | 'list'
  | 'detail'
  | 'search'
  | 'filter'
  | 'help'
  | 'card'
  | 'reject'
  | 'planning'
  | 'replanned'
  | 'failed'
  | 'summary'
  | 'leave'
  | 'end';

/** The part of a scrolled text that stood on the screen last. */
export interface Drawn {
  readonly place: Place;
  /** Which text it was. */
  readonly key: string;
  readonly total: number;
  readonly room: number;
  readonly top: number;
}

/** How far the person has seen a text from its beginning on, without a gap. */
export interface Seen {
  readonly key: string;
  readonly width: number;
  /** Lines from the first one on. */
  readonly upTo: number;
  /** Everything of it that must be seen line by line. */
  readonly covered: boolean;
  /** The whole of it, and its end, once; also when the screen becomes narrower later. */
  readonly whole: boolean;
}

/** Everything that the review screen knows. Pure data; the frame draws it, the reducer changes it. */
export interface ReviewState {
  readonly plan: Plan;
  readonly purpose: 'apply' | 'sign' | 'look';
  readonly tier: string;
  readonly maxConfirmations: number;
  readonly canReject: boolean;
  readonly place: Place;
  /** Where help, the question whether to leave, and the card lead back to. */
  readonly back: Place;
  /** The steps in the list. The plan itself stands before them. */
  readonly listed: readonly Step[];
  /** 0: the plan itself; else a step, counted from 1. */
  readonly cursor: number;
  /** First entry of the list on the screen. */
  readonly listTop: number;
  readonly tab: number;
  readonly expanded: boolean;
  readonly unchanged: boolean;
  readonly filter: Filter | null;
  readonly choice: number;
  readonly search: Search;
  /** Where the cursor was when the search began. */
  readonly searchFrom: number;
  /** First line of the text that is scrolled. */
  readonly scroll: number;
  /** The line in the text of a step's changes that the person is at. */
  readonly line: number;
  /** The text that was typed into the line so far. */
  readonly typed: string;
  /** The identity as typed, while the loss is still to be typed; null before. */
  readonly typedIdentity: string | null;
  /** How many characters came at once, in a row. */
  readonly burst: number;
  /** The effect of the last key, or why it did not count. */
  readonly message: string;
  readonly confirmations: ReadonlyMap<string, Confirmation>;
  /** The addresses of the steps that the person left out, sorted. */
  readonly rejected: readonly string[];
  /** The step that is being left out, and since when (milliseconds since 1970). */
  readonly leavingOut: { readonly id: string; readonly since: number } | null;
  readonly replanned: Replanned | null;
  /** Why planning again failed. */
  readonly failure: readonly string[];
  readonly drawn: Drawn | null;
  readonly seen: Seen | null;
  readonly decision: 'approved' | 'declined' | null;
  readonly why: string;
}

export type ReviewEvent =
  | KeyEvent
  | { readonly kind: 'replanned'; readonly plan: Plan }
  | { readonly kind: 'replan-failed'; readonly lines: readonly string[] };

/**
 * Facts that the reducer cannot know: the time in milliseconds since 1970, and how a step's card reads, as a digest.
 */
export interface Moment {
  readonly now: number;
  readonly shown: (step: Step) => string;
}

export interface ReviewSetup {
  readonly plan: Plan;
  readonly purpose: 'apply' | 'sign' | 'look';
  readonly tier: string;
  readonly maxConfirmations: number;
  readonly canReject: boolean;
}

/**
 * The screen as it opens: on the first step, or on the plan itself where something is wrong with it; nothing confirmed.
 */
export function openReview(setup: ReviewSetup): ReviewState {
  const listed = listedSteps(setup.plan.steps, null, false);
  return {
    ...setup,
    place: 'list',
    back: 'list',
    listed,
    cursor: listed.length === 0 || isBlocked(setup.plan) || tooMany(setup) ? 0 : 1,
    listTop: 0,
    tab: 0,
    expanded: false,
    unchanged: false,
    filter: null,
    choice: 0,
    search: noSearch,
    searchFrom: 0,
    scroll: 0,
    line: 0,
    typed: '',
    typedIdentity: null,
    burst: 0,
    message: '',
    confirmations: new Map(),
    rejected: [],
    leavingOut: null,
    replanned: null,
    failure: [],
    drawn: null,
    seen: null,
    decision: null,
    why: '',
  };
}

/** The selected step; null: the plan itself. */
export const selected = (state: ReviewState): Step | null =>
  state.cursor === 0 ? null : (state.listed[state.cursor - 1] ?? null);

/** Whether a line is selected in the detail: in the changes of a step. */
export const selectsLine = (state: ReviewState): boolean => state.tab === 0 && state.cursor > 0;

/** How many confirmations are still missing. Only steps that need one are ever in `confirmations`. */
export const missing = (state: ReviewState): number =>
  needed(state.plan).confirmations.length - state.confirmations.size;

/**
 * The question of the last line: the plan name, or `yes` where nothing needs confirmation, interrupts or rests on a
 * journal.
 */
export const lastWord = ({ plan }: ReviewState): string => (needed(plan).name ? plan.name : 'yes');

export const isBlocked = (plan: Plan): boolean =>
  plan.summary.blocked > 0 || plan.findings.some(({ severity }) => severity === 'error');

export const tooMany = ({ plan, maxConfirmations }: Pick<ReviewState, 'plan' | 'maxConfirmations'>): boolean =>
  needed(plan).confirmations.length > maxConfirmations;

export const expiresIn = ({ plan }: Pick<ReviewState, 'plan'>, now: number): number => Date.parse(plan.expiresAt) - now;

/** A time that cannot be read has passed. */
export const hasExpired = (state: Pick<ReviewState, 'plan'>, now: number): boolean => !(expiresIn(state, now) > 0);

export const splitText = (state: ReviewState): string =>
  `split the plan: it has ${needed(state.plan).confirmations.length} destructions and grants, and nobody confirms more than ${state.maxConfirmations} with care`;

/** Why nothing in this plan can be confirmed now; null where it can. */
export function refusal(state: ReviewState, now: number): string | null {
  if (hasExpired(state, now))
    return 'the plan has expired: nothing can be confirmed any more; leave with q and plan again';
  if (state.plan.recorded) return 'made from recorded state: it can be shown, never confirmed';
  if (tooMany(state)) return splitText(state);
  return null;
}
