import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { lossPhrase, needed } from '../../src/domain/confirmation.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { isUnsafe } from '../../src/base/sanitise.ts';
import { lastWord, missing, type ReviewEvent } from '../../src/tui/review/state/state.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { openReviewer, type Reviewer } from '../helpers/reviewer.ts';
import { anyPlan } from '../helpers/sample-plans.ts';
import { samplePlan } from '../helpers/sample-plan.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20260226);
const numRuns = Number(process.env['AIPLAN_RUNS'] ?? 500);

const anySize = fc.record({ columns: fc.integer({ min: 20, max: 250 }), rows: fc.integer({ min: 5, max: 80 }) });

/**
 * What may happen to the screen. `plain` types something that is right somewhere, `right` what is asked for now, in
 * whole or in part.
 */
type Doing =
  | { readonly what: 'key'; readonly event: ReviewEvent }
  | { readonly what: 'type'; readonly text: string }
  | { readonly what: 'right'; readonly how: 'whole' | 'short' | 'pasted' | 'burst' | 'unseen' }
  | { readonly what: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly what: 'read' }
  /** Reads and types everything that the next step, or the end, asks for. */
  | { readonly what: 'confirm' | 'finish' }
  | { readonly what: 'replan'; readonly other: boolean };

const anyKey: fc.Arbitrary<ReviewEvent> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .constantFrom(...'jkgGnNdfeucra/?12345 byhl')
      .map((character): ReviewEvent => ({ kind: 'character', character })),
  },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom<ReviewEvent['kind'][]>(
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
        'paste',
      )
      .map((kind) => ({ kind }) as ReviewEvent),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<ReviewEvent[]>(
      { kind: 'character', character: 'x', together: true },
      { kind: 'enter', together: true },
      { kind: 'character', character: '漢' },
    ),
  },
);
const anyDoing: fc.Arbitrary<Doing> = fc.oneof(
  { weight: 12, arbitrary: anyKey.map((event): Doing => ({ what: 'key', event })) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Doing[]>(
      { what: 'right', how: 'whole' },
      { what: 'right', how: 'short' },
      { what: 'right', how: 'pasted' },
      { what: 'right', how: 'burst' },
      { what: 'right', how: 'unseen' },
    ),
  },
  { weight: 2, arbitrary: fc.constant<Doing>({ what: 'read' }) },
  {
    weight: 5,
    arbitrary: fc.constantFrom<Doing[]>(
      { what: 'confirm' },
      { what: 'confirm' },
      { what: 'confirm' },
      { what: 'finish' },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('yes', 'courses-prod', 'y', '').map((text): Doing => ({ what: 'type', text })),
  },
  { weight: 1, arbitrary: anySize.map((size): Doing => ({ what: 'resize', ...size })) },
  { weight: 1, arbitrary: fc.boolean().map((other): Doing => ({ what: 'replan', other })) },
);

const widths = new Map<string, number>();

/** Columns of a line, by a look at Unicode's tables; not by the code that made it. */
function columnsOf(line: string): number {
  if (/^[ -~]*$/u.test(line)) return line.length;
  const strange = line.replaceAll(/[ -~─│…├└▏±×↓·]/gu, '');
  let width = widths.get(strange);
  if (width === undefined) {
    width = stringWidth(strange);
    widths.set(strange, width);
  }
  return line.length - strange.length + width;
}

/** The text that is asked for where the person is; null where none is. */
function asked({ state }: Reviewer): string | null {
  if (state.place === 'summary') return lastWord(state);
  const step = state.listed[state.cursor - 1];
  return state.place !== 'card' || step === undefined
    ? null
    : state.typedIdentity === null
      ? step.confirm
      : lossPhrase(step);
}

/** The plan without a step; with `other`, what is left is another one than before. */
const without = (plan: Plan, id: string, other: boolean): Plan =>
  samplePlan(
    plan.steps
      .filter((step) => step.id !== id)
      .map((step, index): Step => (other && index % 2 === 0 ? { ...step, digest: `${step.digest}'` } : step)),
    { name: plan.name, intent: plan.intent, findings: plan.findings.filter(({ step }) => step !== id) },
  );

/** Does it, and keeps account of what was really typed: character by character, into an empty line, with Enter. */
function act(reviewer: Reviewer, doing: Doing, typed: Set<string>): void {
  switch (doing.what) {
    case 'key':
      reviewer.tell(doing.event);
      return;
    case 'type':
      reviewer.press(doing.text, 'enter');
      return;
    case 'read':
      reviewer.read();
      return;
    case 'confirm':
    case 'finish':
      reviewer.press(...(doing.what === 'confirm' ? ['escape', 'home', 'n', 'c'] : ['escape', 'a'])).read();
      while (asked(reviewer) !== null && reviewer.state.seen?.whole === true && reviewer.state.decision === null) {
        const before = reviewer.state;
        act(reviewer, { what: 'right', how: 'whole' }, typed);
        if (reviewer.state.place === before.place && reviewer.state.typedIdentity === before.typedIdentity) break;
      }
      return;
    case 'resize':
      reviewer.size = { columns: doing.columns, rows: doing.rows };
      reviewer.rows();
      return;
    case 'replan':
      if (reviewer.state.place === 'reject') reviewer.press('y');
      if (reviewer.state.leavingOut !== null)
        reviewer.tell({
          kind: 'replanned',
          plan: without(reviewer.state.plan, reviewer.state.leavingOut.id, doing.other),
        });
      return;
    case 'right': {
      const text = asked(reviewer);
      if (text === null) {
        reviewer.press('c');
        return;
      }
      if (doing.how === 'pasted') reviewer.press('paste', 'enter');
      else if (doing.how === 'burst') reviewer.burst(`${text}\r`).press('enter');
      else if (doing.how === 'short') reviewer.press(text.slice(0, -1), 'enter');
      else if (doing.how === 'unseen') {
        reviewer.press('escape').blind({ kind: 'character', character: 'c' });
        for (const character of text) reviewer.blind({ kind: 'character', character });
        reviewer.blind({ kind: 'enter' }).rows();
      } else {
        const step = reviewer.state.place === 'card' ? reviewer.state.listed[reviewer.state.cursor - 1] : undefined;
        typed.add(step === undefined ? `last ${reviewer.state.plan.digest} ${text}` : `${step.digest} ${text}`);
        reviewer.press(...Array.from({ length: reviewer.state.typed.length }, () => 'backspace')).press(text, 'enter');
      }
      return;
    }
    default:
      doing satisfies never;
  }
}

describe('the review, whatever happens', () => {
  it(`never leaves its size, never shows a raw text, never confirms what was not typed (seed ${seed}, ${numRuns} runs)`, () => {
    let approved = 0;
    let confirmed = 0;
    fc.assert(
      fc.property(anyPlan(), anySize, fc.array(anyDoing, { maxLength: 30 }), (plan, size, doings) => {
        const typed = new Set<string>();
        const checked = new Set<unknown>();
        const reviewer = openReviewer({ plan, size, maxConfirmations: 20 });
        for (const doing of [{ what: 'read' } as const, ...doings]) {
          act(reviewer, doing, typed);
          const lines = reviewer.rows().map(plainText);
          const wrong = lines.filter((line) => columnsOf(line) > reviewer.size.columns || isUnsafe(line));
          expect([wrong, lines.length < Math.max(2, reviewer.size.rows)]).toEqual([[], true]);
          const { state } = reviewer;
          // Each confirmation is of a step as it is now, and its exact text was typed for exactly that.
          for (const [id, given] of checked.has(state.confirmations) ? [] : state.confirmations) {
            const step = state.plan.steps.find((candidate) => candidate.id === id);
            expect([step?.digest, step?.confirm]).toEqual([given.stepDigest, given.typed]);
            expect(typed).toContain(`${given.stepDigest} ${given.typed}`);
            if (step !== undefined && lossPhrase(step) !== null)
              expect(typed).toContain(`${given.stepDigest} ${given.typedLoss ?? ''}`);
            confirmed += 1;
          }
          checked.add(state.confirmations);
          // A filter hides nothing from the totals and from what must be confirmed.
          if (
            missing(state) !==
            needed(state.plan).confirmations.filter((step) => !state.confirmations.has(step.id)).length
          )
            throw new Error(`${missing(state)} confirmations are said to be missing`);
          if (state.decision === 'approved') {
            approved += 1;
            expect(missing(state)).toBe(0);
            expect(state.plan.steps.some(({ blocked }) => blocked)).toBe(false);
            expect(
              typed.has(`last ${state.plan.digest} ${lastWord(state)}`) ||
                (lastWord(state) === 'yes' && doings.some((done) => done.what === 'type' && done.text === 'yes')),
            ).toBe(true);
          }
          if (state.decision !== null) return;
        }
      }),
      { seed, numRuns },
    );
    // Else the test would hold of a screen on which nothing can be done.
    if (numRuns >= 500) expect([approved > 0, confirmed > 50]).toEqual([true, true]);
  });

  it('shows every destruction and grant to whoever goes through the list, on any screen that is large enough', () => {
    fc.assert(
      fc.property(
        anyPlan(30),
        fc.record({ columns: fc.integer({ min: 40, max: 200 }), rows: fc.integer({ min: 12, max: 60 }) }),
        (plan, size) => {
          const reviewer = openReviewer({ plan, size }).press('home');
          const shown = new Set<string>();
          for (let moved = 0; moved <= plan.steps.length; moved += 1) {
            for (const line of reviewer.rows()) for (const [id] of plainText(line).matchAll(/Step\d+/gu)) shown.add(id);
            reviewer.press('down');
          }
          expect([...shown]).toEqual(
            expect.arrayContaining(
              plan.steps
                .filter((step) => step.destruction !== null || step.grant !== null || step.blocked)
                .map(({ id }) => id),
            ),
          );
        },
      ),
      { seed, numRuns: Math.min(numRuns, 80) },
    );
  });

  it('is approved by a person who reads everything and types everything, on any screen that is large enough', () => {
    fc.assert(
      fc.property(
        anyPlan(),
        fc.record({ columns: fc.integer({ min: 40, max: 200 }), rows: fc.integer({ min: 12, max: 60 }) }),
        (plan, size) => {
          fc.pre(!needed(plan).nothing && !plan.steps.some(({ blocked }) => blocked));
          const reviewer = openReviewer({ plan, size });
          for (let steps = 0; missing(reviewer.state) > 0 && steps < 20; steps += 1) {
            if (
              reviewer.state.listed[reviewer.state.cursor - 1]?.confirm == null ||
              reviewer.state.confirmations.has(reviewer.state.listed[reviewer.state.cursor - 1]?.id ?? '')
            )
              reviewer.press('n');
            reviewer.press('c').read();
            while (asked(reviewer) !== null) reviewer.press(asked(reviewer) ?? '', 'enter');
          }
          expect(reviewer.press('a').read().press(lastWord(reviewer.state), 'enter').state.decision).toBe('approved');
        },
      ),
      { seed, numRuns: Math.min(numRuns, 100) },
    );
  });
});
