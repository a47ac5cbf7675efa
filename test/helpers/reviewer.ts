import { noKnowledge, type Knowledge } from '../../src/domain/property-hints.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { drawFrame } from '../../src/tui/review/frame/frame.ts';
import { reduce } from '../../src/tui/review/reduce/reduce.ts';
import type { KeyEvent, Size } from '../../src/tui/terminal/view.ts';
import { openReview, type ReviewEvent, type ReviewState } from '../../src/tui/review/state/state.ts';
import { plainText, type Row } from '../../src/views/base/rows.ts';
import { samplePlan, sampleTime } from './sample-plan.ts';

export interface ReviewerOptions {
  readonly plan?: Plan;
  readonly size?: Size;
  readonly purpose?: 'apply' | 'sign' | 'look';
  readonly tier?: string;
  readonly maxConfirmations?: number;
  readonly canReject?: boolean;
  readonly knowledge?: Knowledge;
  /** Milliseconds since 1970. */
  readonly now?: number;
}

type Named = Exclude<KeyEvent['kind'], 'character' | 'gone'>;

/** A person at the review screen, without a terminal: each key is followed by the frame that the person then sees. */
export interface Reviewer {
  readonly state: ReviewState;
  now: number;
  size: Size;
  /** Presses keys: names of keys, or texts whose characters are pressed one after the other. */
  press(...keys: readonly (Named | string)[]): Reviewer;
  /** Several keys in one read of the terminal. */
  burst(text: string): Reviewer;
  /** Any event, and the frame after it. */
  tell(event: ReviewEvent): Reviewer;
  /** Any event, and no frame: the person sees nothing of it. */
  blind(event: ReviewEvent): Reviewer;
  /** Scrolls to the end of a card or the summary, as a person who reads it. */
  read(): Reviewer;
  /** Confirms the selected step with everything that it asks for. */
  confirm(...texts: readonly string[]): Reviewer;
  rows(): readonly Row[];
  screen(): string;
}

const names: ReadonlySet<string> = new Set<Named>([
  'paste',
  'enter',
  'escape',
  'backspace',
  'tab',
  'back-tab',
  'up',
  'down',
  'left',
  'right',
  'page-up',
  'page-down',
  'home',
  'end',
  'interrupt',
]);

export function openReviewer({
  plan = samplePlan(),
  size = { columns: 80, rows: 24 },
  purpose = 'apply',
  tier = 'T0',
  maxConfirmations = 20,
  canReject = true,
  knowledge = noKnowledge,
  now = sampleTime,
}: ReviewerOptions = {}): Reviewer {
  let state = openReview({ plan, purpose, tier, maxConfirmations, canReject });
  let rows: readonly Row[] = [];
  const draw = (): void => {
    ({ rows, state } = drawFrame(state, reviewer.size, reviewer.now, knowledge));
  };
  const reviewer: Reviewer = {
    get state() {
      return state;
    },
    now,
    size,
    press(...keys) {
      for (const key of keys) {
        if (names.has(key)) reviewer.tell({ kind: key } as KeyEvent);
        else for (const character of key) reviewer.tell({ kind: 'character', character });
      }
      return reviewer;
    },
    burst(text) {
      for (const character of text)
        reviewer.blind(
          character === '\r' ? { kind: 'enter', together: true } : { kind: 'character', character, together: true },
        );
      draw();
      return reviewer;
    },
    tell(event) {
      reviewer.blind(event);
      draw();
      return reviewer;
    },
    blind(event) {
      state = reduce(state, event, { now: reviewer.now, shown: (step) => `sha256:shown-${step.id}` });
      return reviewer;
    },
    read() {
      for (
        let pages = 0;
        pages < 500 &&
        (state.place === 'card' || state.place === 'summary') &&
        !rows.some((line) => plainText(line).startsWith('> '));
        pages += 1
      )
        reviewer.press('page-down');
      return reviewer;
    },
    confirm(...texts) {
      reviewer.press('c').read();
      for (const text of texts) reviewer.press(text, 'enter');
      return reviewer;
    },
    rows: () => {
      draw();
      return rows;
    },
    screen: () => {
      draw();
      return rows.map(plainText).join('\n');
    },
  };
  draw();
  return reviewer;
}
