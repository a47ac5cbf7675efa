import type { Plan } from '../../src/domain/plan.ts';
import { answer, begin, planned, type Conversation } from '../../src/tui/review/plain-conversation.ts';
import { shownDigest } from '../../src/tui/review/review-view.ts';
import type { KeyEvent } from '../../src/tui/terminal/view.ts';
import type { ReviewEvent, ReviewSetup } from '../../src/tui/review/state/state.ts';
import { plainText, type Row } from '../../src/views/base/rows.ts';
import { sampleTime } from './sample-plan.ts';

/** A plain review without a terminal: what is typed goes in, what is said comes back as text. */
export interface Talk {
  readonly conversation: Conversation;
  /** Everything that was said so far. */
  readonly heard: string;
  /** Types a line character by character and Enter; answers what is said to it. */
  type(line: string): string;
  press(event: KeyEvent): string;
  replan(event: Extract<ReviewEvent, { kind: 'replanned' | 'replan-failed' }>): string;
}

export function talk(plan: Plan, over: Partial<ReviewSetup> & { readonly now?: () => number } = {}): Talk {
  const { now = () => sampleTime, ...setup } = over;
  const moment = () => ({
    now: now(),
    shown: (step: Parameters<typeof shownDigest>[0]) => shownDigest(step, plan, now()),
  });
  const text = (rows: readonly Row[]): string => rows.map((row) => `${plainText(row)}\n`).join('');
  const first = begin(
    { plan, purpose: 'apply', tier: 'T0', maxConfirmations: 20, canReject: true, ...setup },
    moment(),
  );
  let { conversation } = first;
  let heard = text(first.say);
  const take = (turn: { readonly conversation: Conversation; readonly say: readonly Row[] }): string => {
    conversation = turn.conversation;
    heard += text(turn.say);
    return text(turn.say);
  };
  const press = (event: KeyEvent): string => take(answer(conversation, event, moment()));
  return {
    get conversation() {
      return conversation;
    },
    get heard() {
      return heard;
    },
    press,
    type(line) {
      const before = heard.length;
      for (const character of line) press({ kind: 'character', character });
      press({ kind: 'enter' });
      return heard.slice(before);
    },
    replan: (event) => take(planned(conversation, event, moment())),
  };
}
