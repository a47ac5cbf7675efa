import { needed } from '../../domain/confirmation.ts';
import type { Step } from '../../domain/plan.ts';
import { row, span, type Row } from '../../views/base/rows.ts';
import { replannedRows } from './frame/frame-text.ts';
import {
  cardLines,
  commands,
  helpLines,
  inOrder,
  lastQuestion,
  listLines,
  openingLines,
  questionLines,
  spoken,
  summaryLines,
  wantedOf,
} from './plain-lines.ts';
import { openCard } from './reduce/reduce-card.ts';
import { askReject } from './reduce/reduce-reject.ts';
import { declined, reduce } from './reduce/reduce.ts';
import { toSummary } from './reduce/reduce-summary.ts';
import type { KeyEvent } from '../terminal/view.ts';
import {
  isBlocked,
  lastWord,
  missing,
  openReview,
  selected,
  type Moment,
  type ReviewEvent,
  type ReviewSetup,
  type ReviewState,
} from './state/state.ts';
import { longestTyped, manyTogether, pasteEntered, pasteRefused, togetherRefused } from './state/typed.ts';
import { goTo, toOpen } from './reduce/reduce-cursor.ts';

/**
 * A review as a conversation in lines. The rules are those of the screen: every answer goes through its reducer, and
 * here is only what is said, what is asked, and which words are commands. Pure data.
 */
export interface Conversation {
  readonly review: ReviewState;
  /** The text of the line that is being typed. */
  readonly line: string;
  /** How many keys came at once, in a row. */
  readonly burst: number;
  /** Steps of which the card was told, by address. */
  readonly told: ReadonlySet<string>;
}

/** The rows to print next; the line is asked for again below them. Empty: nothing but the echo of what was typed. */
export interface Turn {
  readonly conversation: Conversation;
  readonly say: readonly Row[];
}

const warn = (text: string): Row => row(0, span(text, 'warning'));
/** All of it was said, which is what a screen asks for before anything may be typed. */
const said = (review: ReviewState): ReviewState => ({
  ...review,
  drawn: { place: review.place, key: 'plain', total: 1, room: 1, top: 0 },
  seen: { key: 'plain', width: 1, upTo: 1, covered: true, whole: true },
});
const turn = (talk: Conversation, review: ReviewState, say: readonly Row[]): Turn => ({
  conversation: { ...talk, review, line: '', burst: 0 },
  say,
});

/** Begins: the plan, and the first thing to confirm. */
export function begin(setup: ReviewSetup, moment: Moment): Turn {
  const review: ReviewState = { ...openReview(setup), cursor: 0 };
  return onwards({ review, line: '', burst: 0, told: new Set() }, review, moment, openingLines(review, moment.now));
}

/**
 * To this step or the next one that waits for its confirmation, else to the summary, else to a prompt that takes
 * commands only. Destructions, grants and blocked steps that are not asked about are told all the same, where they
 * stand in the order.
 */
function onwards(talk: Conversation, review: ReviewState, moment: Moment, before: readonly Row[]): Turn {
  const free: ReviewState = { ...review, place: 'list', message: '' };
  const here = selected(free);
  const waits = here !== null && here.confirm !== null && !free.confirmations.has(here.id);
  const opened =
    isBlocked(free.plan) || missing(free) === 0 || needed(free.plan).nothing
      ? toSummary(free, moment)
      : openCard(waits ? free : toOpen(free, 1), moment);
  const step = opened.place === 'card' ? selected(opened) : null;
  const order = inOrder(opened);
  const untold = order
    .slice(0, step === null ? order.length : order.indexOf(step))
    .filter(
      (other) =>
        !talk.told.has(other.id) &&
        !opened.confirmations.has(other.id) &&
        (other.destruction !== null || other.grant !== null || other.blocked) &&
        (step === null || other.confirm === null),
    );
  const next: Conversation = {
    ...talk,
    told: new Set([...talk.told, ...untold.map(({ id }) => id), ...(step === null ? [] : [step.id])]),
  };
  const first = [...before, ...untold.flatMap((other) => cardLines(opened, other, moment.now))];
  if (step !== null)
    return turn(next, said(opened), [
      ...first,
      ...cardLines(opened, step, moment.now),
      ...questionLines(opened, step, prefixFor(opened)),
    ]);
  if (opened.place === 'summary')
    return turn(next, said(opened), [...first, ...summaryLines(opened), ...lastQuestion(opened, prefixFor(opened))]);
  return turn(next, { ...opened, place: 'list', message: '' }, [
    ...first,
    warn(opened.message),
    row(0, `Type ${['list', 'show', ...(opened.canReject ? ['reject'] : []), 'help'].join(', ')} or quit.`),
  ]);
}

/** The asked text could be a word like `list`: then that word confirms, and commands take a slash. */
const prefixFor = (review: ReviewState): string =>
  Object.hasOwn(commands, wanted(review).split(' ')[0] ?? '') ? '/' : '';

function wanted(review: ReviewState): string {
  const step = selected(review);
  return review.place === 'summary'
    ? lastWord(review)
    : review.place === 'card' && step !== null
      ? wantedOf(review, step)
      : '';
}

/** One key. */
export function answer(conversation: Conversation, event: KeyEvent, moment: Moment): Turn {
  const { review, line } = conversation;
  const same = (next: string): Turn => ({ conversation: { ...conversation, line: next, burst: 0 }, say: [] });
  switch (event.kind) {
    case 'gone':
    case 'interrupt':
      return turn(conversation, reduce(review, event, moment), []);
    case 'paste': {
      const refused = turn(conversation, review, [warn(pasteRefused)]);
      return { ...refused, conversation: { ...refused.conversation, burst: manyTogether } };
    }
    case 'backspace':
      return same([...line].slice(0, -1).join(''));
    case 'character':
      if (event.together === true)
        return {
          conversation: { ...conversation, burst: conversation.burst + 1 },
          say:
            conversation.burst === 0 ? [warn(togetherRefused)] : conversation.burst === 1 ? [warn(pasteRefused)] : [],
        };
      return line.length >= longestTyped ? same(line) : same(line + event.character);
    case 'enter':
      if (event.together === true)
        return {
          conversation: { ...conversation, burst: conversation.burst + 1 },
          say: [warn(conversation.burst < manyTogether ? togetherRefused : line === '' ? pasteEntered : pasteRefused)],
        };
      return submitted(conversation, line, moment);
    default:
      return { conversation, say: [] };
  }
}

/** A whole line: a command, or the answer to what was asked. */
function submitted(talk: Conversation, line: string, moment: Moment): Turn {
  const { review } = talk;
  if (review.place === 'planning') return turn(talk, review, [warn('planning again: Ctrl-C leaves without approving')]);
  if (review.place === 'reject') return rejectAnswered(talk, line, moment);
  const prefix = prefixFor(review);
  const word = line.trim();
  const [name = '', ...rest] = (word.startsWith('/') ? word.slice(1) : prefix === '' ? word : '').split(/\s+/u);
  if (Object.hasOwn(commands, name)) return commanded(talk, name as keyof typeof commands, rest.join(' '), moment);
  if (review.place === 'card' || review.place === 'summary') return typed(talk, line, moment);
  return turn(talk, review, [
    warn(line === '' ? 'nothing was typed; help lists what can be' : `"${line}" is no command; help lists them`),
  ]);
}

/** The reducer of the screen says what an answer is worth. */
function typed(talk: Conversation, line: string, moment: Moment): Turn {
  const after = reduce({ ...talk.review, typed: line }, { kind: 'enter' }, moment);
  if (after.decision !== null) return turn(talk, after, []);
  const step = selected(after);
  if (after.place === 'card' && step !== null)
    return turn(talk, said(after), [
      ...(after.message === '' ? [] : [warn(after.message)]),
      ...questionLines(after, step, prefixFor(after)),
    ]);
  if (after.place === 'summary')
    return turn(talk, said(after), [warn(after.message), ...lastQuestion(after, prefixFor(after))]);
  return onwards(
    talk,
    after,
    moment,
    after.message === '' ? [] : [row(0, span(after.message.replace(', a goes on', ''), 'good'))],
  );
}

function commanded(talk: Conversation, name: keyof typeof commands, about: string, moment: Moment): Turn {
  const { review } = talk;
  switch (name) {
    case 'help':
      return asked(talk, helpLines(review.canReject));
    case 'list':
      return asked(talk, listLines(review));
    case 'again':
      return repeated(talk, moment);
    case 'show': {
      const step = named(review, about);
      return asked(
        talk,
        step === null
          ? [
              warn(
                about === ''
                  ? 'show what? An address, or a number of the list'
                  : `no step is called "${about}"; list has them all`,
              ),
            ]
          : cardLines(review, step, moment.now),
      );
    }
    case 'skip': {
      const step = selected(review);
      if (review.place !== 'card' || step === null) return asked(talk, [warn('there is nothing to skip')]);
      return onwards(talk, toOpen({ ...review, typedIdentity: null }, 1), moment, [
        warn(
          `${step.id} is not confirmed: ${missing(review)} confirmation${missing(review) === 1 ? '' : 's'} missing, and nothing is applied without ${missing(review) === 1 ? 'it' : 'them'}`,
        ),
      ]);
    }
    case 'reject':
      return reject(talk, about, moment);
    case 'quit':
      return turn(talk, declined(review, 'left without approving'), []);
    default:
      return name satisfies never;
  }
}

/** By address, or by its number in the list. */
const named = (review: ReviewState, about: string): Step | null =>
  review.plan.steps.find(({ id }) => id === about) ??
  (/^\d+$/u.test(about) ? inOrder(review)[Number(about) - 1] : undefined) ??
  null;

/** The same question below something else. */
function asked(talk: Conversation, before: readonly Row[]): Turn {
  const { review } = talk;
  const step = selected(review);
  if (review.place === 'card' && step !== null)
    return turn(talk, review, [...before, ...questionLines(review, step, prefixFor(review))]);
  return turn(
    talk,
    review,
    review.place === 'summary' ? [...before, ...lastQuestion(review, prefixFor(review))] : before,
  );
}

function repeated(talk: Conversation, moment: Moment): Turn {
  const { review } = talk;
  const step = selected(review);
  if (review.place === 'card' && step !== null) return asked(talk, cardLines(review, step, moment.now));
  return asked(talk, review.place === 'summary' ? summaryLines(review) : openingLines(review, moment.now));
}

function reject(talk: Conversation, about: string, moment: Moment): Turn {
  const { review } = talk;
  const step = about === '' ? (review.place === 'card' ? selected(review) : null) : named(review, about);
  if (step === null)
    return asked(talk, [
      warn(
        about === ''
          ? 'reject which step? Its address, or its number in the list'
          : `no step is called "${about}"; list has them all`,
      ),
    ]);
  const asking = askReject({ ...goTo({ ...review, place: 'list' }, step, ''), typedIdentity: null });
  if (asking.place !== 'reject') return asked(talk, [warn(asking.message)]);
  return turn(talk, asking, [
    ...cardLines(asking, step, moment.now),
    row(
      0,
      'To leave ',
      span(step.id, 'title'),
      ' out of the plan, type ',
      span('yes', 'title'),
      ' and Enter. Anything else keeps it.',
    ),
  ]);
}

function rejectAnswered(talk: Conversation, line: string, moment: Moment): Turn {
  const after = reduce(
    { ...talk.review, back: 'list' },
    { kind: 'character', character: line.trim() === 'yes' ? 'y' : 'n' },
    moment,
  );
  if (after.place === 'planning')
    return turn(talk, after, [row(0, `Planning again without ${after.leavingOut?.id ?? ''}.`)]);
  return onwards(talk, after, moment, [row(0, 'It stays in the plan.')]);
}

/** The new plan, or why there is none. */
export function planned(
  conversation: Conversation,
  event: Extract<ReviewEvent, { kind: 'replanned' | 'replan-failed' }>,
  moment: Moment,
): Turn {
  const after = reduce(conversation.review, event, moment);
  if (after.place === 'failed')
    return onwards(conversation, after, moment, [
      warn('Nothing was left out: planning again failed'),
      ...after.failure.map((text) => row(2, text)),
    ]);
  if (after.place !== 'replanned' || after.replanned === null) return turn(conversation, after, []);
  return onwards({ ...conversation, told: new Set() }, after, moment, replannedRows(after.replanned).map(spoken));
}
