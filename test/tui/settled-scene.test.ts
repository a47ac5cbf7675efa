import { expect, it } from '@jest/globals';
import type { KeyEvent } from '../../src/tui/terminal/view.ts';
import { recoveryView } from '../../src/tui/run/recovery-view.ts';
import { doubtRows } from '../../src/views/run/doubt-rows.ts';
import { plainText, row } from '../../src/views/base/rows.ts';

const rows = doubtRows('20260226-230000-0001', [
  {
    step: 'Group',
    action: 'create',
    identity: 'g-1',
    verdict: 'done',
    recorded: false,
    evidence: [
      'ec2:CreateGroup on "op-1" was sent; no answer is journaled',
      'AWS has g-1 (present) with the tag aiplan:op=op-1',
    ],
    problems: [],
  },
  {
    step: 'Db',
    action: 'delete',
    identity: 'courses',
    verdict: 'partly',
    recorded: false,
    evidence: ['it was made quiet'],
    problems: ['courses was changed by \u001b[31msomebody'],
  },
  {
    step: 'Note',
    action: 'update',
    identity: 'readme',
    verdict: 'not-started',
    recorded: false,
    evidence: [],
    problems: [],
  },
]);
const shown = (lines: readonly ReturnType<typeof row>[]): string => lines.map(plainText).join('\n');
const character = (text: string): KeyEvent => ({ kind: 'character', character: text });

it('shows where each step stands, why, and what can be done', () => {
  const { scene } = recoveryView({ rows, canContinue: true, meaning: 'what is left is shown and confirmed first' });
  const frame = scene.frame({ columns: 100, rows: 24 }, 0);
  expect(shown(frame)).toMatch(
    /Run 20260226-230000-0001 as AWS shows it now: 1 done, 1 not started, 1 partly\n {2}done +Group create g-1\n {6}ec2:CreateGroup on "op-1" was sent; no answer is journaled[^]*partly +Db delete courses[^]*courses was changed by \\u\{1b\}\[31msomebody[^]*c resume it: what is left is shown and confirmed first\nr undo it[^]*\nq leave it as it is/u,
  );
  expect(frame.length).toBeLessThan(24);
});

it.each([
  ['c', 'continue'],
  ['r', 'rollback'],
  ['q', 'leave'],
] as const)('takes %s for %s', async (key, choice) => {
  const { scene, choice: chosen } = recoveryView({ rows, canContinue: true, meaning: 'x' });
  for (const other of ['x', 'y', '\r', ' ', 'j', 'k']) scene.handle(character(other));
  scene.handle({ kind: 'enter' });
  scene.handle(character(key));
  expect(await chosen).toBe(choice);
});

it.each(['escape', 'interrupt'] as const)(
  'leaves everything as it is on %s, and on a closed terminal',
  async (kind) => {
    for (const event of [{ kind }, { kind: 'gone', why: 'the terminal was closed' }] as const) {
      const { scene, choice } = recoveryView({ rows, canContinue: true, meaning: 'x' });
      scene.handle(event);
      expect(await choice).toBe('leave');
    }
  },
);

it('offers no going on where the run is stale', async () => {
  const { scene, choice } = recoveryView({ rows, canContinue: false, meaning: 'x' });
  expect(shown(scene.frame({ columns: 80, rows: 24 }, 0))).not.toContain('resume it');
  scene.handle(character('c'));
  scene.handle(character('r'));
  expect(await choice).toBe('rollback');
});

it('keeps the choices in sight on a small screen and lets the rest be scrolled', () => {
  const { scene } = recoveryView({
    rows: [...rows, ...Array.from({ length: 60 }, (_, index) => row(0, `line ${index}`))],
    canContinue: true,
    meaning: 'x',
  });
  const frame = (): string => shown(scene.frame({ columns: 40, rows: 12 }, 0));
  expect(frame()).toMatch(/more lines below[^]*q leave it as it is/u);
  expect(frame()).not.toContain('line 59');
  scene.handle({ kind: 'end' });
  expect(frame()).toMatch(/line 59[^]*q leave it as it is/u);
  scene.handle({ kind: 'home' });
  expect(frame()).toContain('Run 20260226');
});
