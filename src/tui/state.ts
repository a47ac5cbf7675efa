import type { Confirmation } from '../model/approval.ts';
import { lossPhrase, needed } from '../model/confirm.ts';
import type { Plan, Step } from '../model/plan.ts';
import { inReadingOrder } from '../views/plan-rows.ts';

/** `list` all steps; `card` one step; `identity`, `loss`, `name`, `yes` a line to type; `leave` a question; `end` it is over. */
export type Screen = 'list' | 'card' | 'identity' | 'loss' | 'summary' | 'leave' | 'end';

/** Everything that the review screen knows. Pure data; the view draws it, the reducer changes it. */
export interface ReviewState {
  readonly plan: Plan;
  /** The plan's steps in reading order: destructions first, then grants. */
  readonly steps: readonly Step[];
  readonly purpose: 'apply' | 'sign' | 'look';
  readonly screen: Screen;
  readonly cursor: number;
  /** First visible line of the card or summary. */
  readonly scroll: number;
  /** What has been typed into the line so far. */
  readonly typed: string;
  /** What the last key did or why it did not count. */
  readonly message: string;
  readonly confirmations: ReadonlyMap<string, Confirmation>;
  /** The identity as typed, while the loss is still to be typed. */
  readonly typedIdentity: string;
  readonly decision: 'approved' | 'declined' | null;
  readonly why: string;
}

export type ReviewEvent =
  | { readonly kind: 'character'; readonly character: string }
  /** More than one character at once: a paste, or a program that writes. Never counts. */
  | { readonly kind: 'paste' }
  | { readonly kind: 'enter' | 'escape' | 'backspace' | 'up' | 'down' | 'page-up' | 'page-down' | 'home' | 'end' }
  /** Ctrl-C, a closed terminal, the end of input. */
  | { readonly kind: 'gone'; readonly why: string }
  | { readonly kind: 'expired' };

/** The screen as it opens: on the list, on the first step, nothing confirmed, decision open. */
export const openReview = (plan: Plan, purpose: ReviewState['purpose']): ReviewState => ({
  plan, steps: inReadingOrder(plan.steps), purpose, screen: 'list', cursor: 0, scroll: 0, typed: '', message: '',
  confirmations: new Map(), typedIdentity: '', decision: null, why: '',
});

/** Steps that still wait for their confirmation. */
export const open = (state: ReviewState): readonly Step[] => needed(state.plan).confirmations.filter((step) => !state.confirmations.has(step.id));

/** What the last line asks for: the plan name where something interrupts or cannot be inverted, else `yes`. */
export const lastWord = (state: ReviewState): string => (needed(state.plan).name ? state.plan.name : 'yes');

/** How the card of a step reads, as a digest; given by the caller so that the reducer stays free of rendering. */
export type ShownDigest = (step: Step) => string;

/** The reducer. No key but the exact typed text followed by Enter ever approves anything. */
export function reduce(state: ReviewState, event: ReviewEvent, shown: ShownDigest): ReviewState {
  if (state.decision !== null) return state;
  if (event.kind === 'gone') return { ...state, screen: 'end', decision: 'declined', why: event.why };
  if (event.kind === 'expired') return { ...state, screen: state.screen === 'leave' ? 'leave' : 'list', typed: '', message: 'the plan has expired: nothing can be confirmed any more; leave with q and plan again' };
  switch (state.screen) {
    case 'list': return inList(state, event);
    case 'card': return inCard(state, event);
    case 'identity': return inLine(state, event, (typed) => identityTyped(state, typed, shown));
    case 'loss': return inLine(state, event, (typed) => lossTyped(state, typed, shown));
    case 'summary': return inSummary(state, event);
    case 'leave': return event.kind === 'character' && event.character === 'y' ? { ...state, screen: 'end', decision: 'declined', why: 'left without approving' } : { ...state, screen: 'list', message: '' };
    case 'end': return state;
    default: return state.screen satisfies never;
  }
}

const move = (state: ReviewState, by: number): ReviewState =>
  ({ ...state, message: '', cursor: Math.max(0, Math.min(state.steps.length - 1, state.cursor + by)) });

function inList(state: ReviewState, event: ReviewEvent): ReviewState {
  switch (event.kind) {
    case 'up': return move(state, -1);
    case 'down': return move(state, 1);
    case 'page-up': return move(state, -10);
    case 'page-down': return move(state, 10);
    case 'home': return move(state, -state.steps.length);
    case 'end': return move(state, state.steps.length);
    case 'enter': return state.steps.length === 0 ? state : { ...state, screen: 'card', scroll: 0, message: '' };
    case 'escape': return { ...state, message: '' };
    case 'paste': return { ...state, message: 'pasted text does not count' };
    case 'character': return listKey(state, event.character);
    default: return state;
  }
}

function listKey(state: ReviewState, key: string): ReviewState {
  switch (key) {
    case 'j': return move(state, 1);
    case 'k': return move(state, -1);
    case 'g': return move(state, -state.steps.length);
    case 'G': return move(state, state.steps.length);
    case 'n': return nextOpen(state);
    case 'c': return { ...confirmSelected(state), scroll: 0 };
    case 'a': return toSummary(state);
    case 'q': return state.confirmations.size > 0 ? { ...state, screen: 'leave', message: '' } : { ...state, screen: 'end', decision: 'declined', why: 'left without approving' };
    default: return { ...state, message: `"${key}" does nothing here` };
  }
}

function nextOpen(state: ReviewState): ReviewState {
  const waiting = new Set(open(state).map((step) => step.id));
  const order = state.steps.map((_, index) => (state.cursor + 1 + index) % state.steps.length);
  const found = order.find((index) => waiting.has(state.steps[index]?.id ?? ''));
  return found === undefined ? { ...state, message: 'everything is confirmed; a goes on' } : { ...state, cursor: found, message: '' };
}

function confirmSelected(state: ReviewState): ReviewState {
  const step = state.steps[state.cursor];
  if (step === undefined || step.confirm === null) return { ...state, message: 'this step needs no confirmation of its own' };
  if (state.confirmations.has(step.id)) return { ...state, message: 'already confirmed' };
  return { ...state, screen: 'identity', typed: '', message: '' };
}

function toSummary(state: ReviewState): ReviewState {
  const left = open(state).length;
  if (left > 0) return { ...state, message: `${left} confirmation${left === 1 ? '' : 's'} still missing; n goes to the next` };
  return { ...state, screen: 'summary', typed: '', scroll: 0, message: '' };
}

const scroll = (state: ReviewState, by: number): ReviewState => ({ ...state, scroll: Math.max(0, state.scroll + by), message: '' });

function inCard(state: ReviewState, event: ReviewEvent): ReviewState {
  switch (event.kind) {
    case 'up': return scroll(state, -1);
    case 'down': return scroll(state, 1);
    case 'page-up': return scroll(state, -10);
    case 'page-down': return scroll(state, 10);
    case 'home': return { ...state, scroll: 0 };
    case 'escape': case 'enter': return { ...state, screen: 'list', scroll: 0, message: '' };
    case 'paste': return { ...state, message: 'pasted text does not count' };
    case 'character': {
      if (event.character === 'c') return confirmSelected(state);
      if (event.character === 'j') return scroll(state, 1);
      if (event.character === 'k') return scroll(state, -1);
      if (event.character === 'q') return { ...state, screen: 'list', scroll: 0, message: '' };
      return { ...state, message: `"${event.character}" does nothing here` };
    }
    default: return state;
  }
}

/** A line in which a text is typed, character by character. */
function inLine(state: ReviewState, event: ReviewEvent, submit: (typed: string) => ReviewState): ReviewState {
  switch (event.kind) {
    case 'character': return state.typed.length >= 2_000 ? state : { ...state, typed: state.typed + event.character, message: '' };
    case 'backspace': return { ...state, typed: [...state.typed].slice(0, -1).join(''), message: '' };
    case 'paste': return { ...state, typed: '', message: 'pasted text does not count: type it, so that it is you who says it' };
    case 'escape': return { ...state, screen: 'list', typed: '', typedIdentity: '', message: 'not confirmed' };
    case 'up': return scroll(state, -1);
    case 'down': return scroll(state, 1);
    case 'page-up': return scroll(state, -10);
    case 'page-down': return scroll(state, 10);
    case 'enter': return submit(state.typed);
    default: return state;
  }
}

/** Where a typed text first differs from what is asked, in words. */
export function difference(typed: string, wanted: string): string {
  if (typed === '') return `nothing was typed; type ${wanted} to confirm, Esc to leave`;
  const at = [...wanted].findIndex((character, index) => typed[index] !== character);
  return at === -1 ? `"${typed}" goes on after "${wanted}"` : `"${typed}" is not "${wanted}": they differ at character ${at + 1}`;
}

function identityTyped(state: ReviewState, typed: string, shown: ShownDigest): ReviewState {
  const step = state.steps[state.cursor];
  if (step === undefined || step.confirm === null) return { ...state, screen: 'list' };
  if (typed !== step.confirm) return { ...state, typed: '', message: difference(typed, step.confirm) };
  if (lossPhrase(step) !== null) return { ...state, screen: 'loss', typed: '', typedIdentity: typed, message: '' };
  return confirmed(state, step, typed, null, shown);
}

function lossTyped(state: ReviewState, typed: string, shown: ShownDigest): ReviewState {
  const step = state.steps[state.cursor];
  const wanted = step === undefined ? null : lossPhrase(step);
  if (step === undefined || wanted === null) return { ...state, screen: 'list' };
  if (typed !== wanted) return { ...state, typed: '', message: difference(typed, wanted) };
  return confirmed(state, step, state.typedIdentity, typed, shown);
}

function confirmed(state: ReviewState, step: Step, typed: string, typedLoss: string | null, shown: ShownDigest): ReviewState {
  const confirmations = new Map(state.confirmations);
  confirmations.set(step.id, { step: step.id, stepDigest: step.digest, typed, shown: shown(step), typedLoss });
  const after = nextOpen({ ...state, confirmations, screen: 'list', typed: '', typedIdentity: '', scroll: 0 });
  const left = open(after).length;
  return { ...after, message: left === 0 ? `${step.id} confirmed; everything is confirmed, a goes on` : `${step.id} confirmed; ${left} to go` };
}

function inSummary(state: ReviewState, event: ReviewEvent): ReviewState {
  return inLine(state, event, (typed) => {
    const wanted = lastWord(state);
    if (typed !== wanted) return { ...state, typed: '', message: difference(typed, wanted) };
    return { ...state, screen: 'end', decision: 'approved', why: '' };
  });
}
