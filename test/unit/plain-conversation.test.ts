import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { lossPhrase, needed } from '../../src/domain/confirmation.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { isUnsafe } from '../../src/base/sanitise.ts';
import { spoken } from '../../src/tui/review/plain-lines.ts';
import { plainText, row, span } from '../../src/views/base/rows.ts';
import { platformPlan } from '../helpers/platform-plan.ts';
import { talk, type Talk } from '../helpers/plain-talk.ts';
import {
  baseStep,
  createBucket,
  deleteDatabase,
  grantStep,
  kept,
  samplePlan,
  sampleTime,
} from '../helpers/sample-plan.ts';

const parameters = {
  seed: Number(process.env['AIPLAN_SEED'] ?? 20260226),
  numRuns: Number(process.env['AIPLAN_RUNS'] ?? 60),
};
const decision = ({ conversation }: Talk) => conversation.review.decision;

/** Says all that a plan asks, in its order, and answers what is said to the last of it. */
function confirmAll(review: Talk, plan: Plan): string {
  let last = '';
  for (let left = needed(plan).confirmations.length; left > 0; left -= 1) {
    const step = review.conversation.review.listed[review.conversation.review.cursor - 1] ?? baseStep;
    last = review.type(step.confirm ?? '');
    const loss = lossPhrase(step);
    if (loss !== null) last = review.type(loss);
  }
  return last;
}

describe('the plain review', () => {
  it('tells the plan, asks for each destruction and grant by name, sums up, and takes the last word', () => {
    const plan = platformPlan();
    const review = talk(plan);
    expect(review.heard).toMatch(/^Plan: shared-platform-move sha256:a+\nWhere: production 123456789012 in eu-west-1/u);
    expect(review.heard).toContain('5 destructions and grants are asked about, one after the other.');
    expect(review.heard).toMatch(
      /\nStep 1 of 10, 5 of 5 to confirm\n~ update WebGroup sg-0a1b2c3d4e5f60718 \[destruction\] \[grant\]\n {2}loses: the rule tcp 22/u,
    );
    expect(review.heard).toMatch(
      /To confirm this destruction, type f60718 and Enter\.\nOr skip, reject, again, list, help, quit\.\n$/u,
    );
    expect(review.type('f60718')).toMatch(
      /^WebGroup confirmed; 4 to go\n\nStep 2 of 10, 4 of 5 to confirm\n- delete OldBastion i-0123456789abcdef0/u,
    );
    review.type('bcdef0');
    expect(review.type('courses-prod-copy')).toContain('Step 4 of 10');
    expect(review.type('courses-uploads-2023')).toMatch(
      /^Nothing brings this back\. To accept the loss, type the 17 characters between « and », then Enter\.\n«version ids of 48»\nOr skip/u,
    );
    expect(review.type('version ids of 48')).toContain('To confirm this grant, type SiteServer and Enter.');
    const summary = review.type('SiteServer');
    expect(summary).toMatch(/^SiteServer confirmed; everything is confirmed\n\nThis is going to happen: 3 to delete/u);
    expect(summary).toContain('courses-prod-copy (DuplicateDb) WILL BE DELETED');
    expect(summary).toMatch(/To apply, type shared-platform-move and Enter\.\nOr again, list, help, quit\.\n$/u);
    expect(review.type('shared-platform')).toContain('5 characters missing at the end');
    expect(decision(review)).toBeNull();
    expect(review.type('shared-platform-move')).toBe('');
    expect(decision(review)).toBe('approved');
    expect(
      [...review.conversation.review.confirmations.values()].map(({ step, typed, typedLoss }) => [
        step,
        typed,
        typedLoss,
      ]),
    ).toEqual([
      ['WebGroup', 'f60718', null],
      ['OldBastion', 'bcdef0', null],
      ['DuplicateDb', 'courses-prod-copy', null],
      ['OldUploads', 'courses-uploads-2023', 'version ids of 48'],
      ['SiteServer', 'SiteServer', null],
    ]);
  });

  it('says what differs, and asks again', () => {
    const review = talk(samplePlan([deleteDatabase]));
    expect(review.type('courses-prob')).toMatch(/^they differ at character 12: "b" was typed, "d" is asked for/u);
    expect(review.type('')).toMatch(/^nothing was typed/u);
    expect(review.type('courses-prod')).toContain('This is going to happen');
  });

  it('takes one yes where nothing needs more', () => {
    const review = talk(samplePlan([createBucket]));
    expect(review.heard).not.toContain('asked about');
    expect(review.type('y')).toContain('"y"');
    review.type('yes');
    expect(decision(review)).toBe('approved');
  });

  it('refuses what is pasted, and what comes at once, as the screen does', () => {
    const review = talk(samplePlan([deleteDatabase]));
    for (const character of 'courses-pro') review.press({ kind: 'character', character });
    expect(review.press({ kind: 'character', character: 'd', together: true })).toBe(
      'two characters came at once: type them one by one\n',
    );
    expect(review.conversation.line).toBe('courses-pro');
    expect(review.press({ kind: 'paste' })).toBe(
      'pasted text does not count: type it, so that it is you who says it\n',
    );
    expect(review.conversation.line).toBe('');
    for (const character of 'courses-prod') review.press({ kind: 'character', character });
    review.press({ kind: 'enter', together: true });
    expect(review.conversation.review.confirmations.size).toBe(0);
    expect(review.press({ kind: 'enter' })).toContain('confirmed');
  });

  it('is no at Ctrl-C, at the end of input and at quit, even right before the last word', () => {
    for (const leave of [
      (review: Talk) => review.press({ kind: 'interrupt' }),
      (review: Talk) => review.press({ kind: 'gone', why: 'the terminal was closed' }),
      (review: Talk) => review.type('quit'),
    ]) {
      const plan = samplePlan([deleteDatabase]);
      const review = talk(plan);
      confirmAll(review, plan);
      leave(review);
      expect(decision(review)).toBe('declined');
    }
  });

  it('skips, comes round again, and never sums up before everything is confirmed', () => {
    const review = talk(samplePlan([deleteDatabase, grantStep]));
    expect(review.type('skip')).toMatch(
      /^CoursesDb is not confirmed: 2 confirmations missing, and nothing is applied without them\n\nStep 2 of 2/u,
    );
    expect(review.type('1b2c3d')).toMatch(/^WebGroup confirmed; 1 to go\n\nStep 1 of 2/u);
    expect(review.type('skip')).toContain('Step 1 of 2, 1 of 2 to confirm');
    expect(review.heard).not.toContain('This is going to happen');
  });

  it('repeats, lists, shows and helps, and asks the same again', () => {
    const review = talk(samplePlan([deleteDatabase, kept]));
    expect(review.type('again')).toContain('author claims: "a duplicate that the migration left behind"');
    expect(review.type('list')).toMatch(
      /^1\. to confirm: - delete CoursesDb courses-prod \[destruction\]\n2\. = unchanged Logs logs\nTo confirm this destruction, type courses-prod/u,
    );
    expect(review.type('show 2')).toMatch(/= unchanged Logs logs\n {2}type: AWS::S3::Bucket/u);
    expect(review.type('show Logs')).toContain('= unchanged Logs logs');
    expect(review.type('show Nothing')).toContain('no step is called "Nothing"');
    expect(review.type('help')).toMatch(/^skip: .*\nagain: .*\nlist: /u);
    expect(review.type('courses-prod')).toContain('everything is confirmed');
  });

  it('takes commands with a slash where a command is the very text that confirms', () => {
    const review = talk(samplePlan([{ ...deleteDatabase, identity: 'quit', confirm: 'quit' }]));
    expect(review.heard).toMatch(/type quit and Enter\.\nOr \/skip, \/reject, \/again, \/list, \/help, \/quit\.\n$/u);
    expect(review.type('list')).toContain('they differ');
    expect(review.type('/list')).toContain('1. to confirm');
    expect(review.type('quit')).toContain('CoursesDb confirmed');
    const leaving = talk(samplePlan([{ ...deleteDatabase, identity: 'quit', confirm: 'quit' }]));
    leaving.type('/quit');
    expect(decision(leaving)).toBe('declined');
  });

  it('leaves a step out after a yes, plans again, and keeps the confirmations of unchanged steps', () => {
    const plan = samplePlan([deleteDatabase, grantStep, createBucket]);
    const review = talk(plan);
    review.type('courses-prod');
    expect(review.type('reject')).toMatch(
      /Step 2 of 3[\s\S]*To leave WebGroup out of the plan, type yes and Enter\. Anything else keeps it\.\n$/u,
    );
    expect(review.type('no')).toMatch(/^It stays in the plan\.\n\nStep 2 of 3/u);
    review.type('reject WebGroup');
    expect(review.type('yes')).toBe('Planning again without WebGroup.\n');
    expect(review.type('list')).toContain('planning again: Ctrl-C leaves');
    const said = review.replan({
      kind: 'replanned',
      plan: samplePlan([deleteDatabase, createBucket], { digest: `sha256:${'b'.repeat(64)}` }),
    });
    expect(said).toContain('WebGroup is left out, and the plan was made again');
    expect(said).toMatch(/Exactly as before: these keep their confirmation\n {2}- delete CoursesDb/u);
    expect(said).toContain(`Digest now: sha256:${'b'.repeat(64)}`);
    expect(said).toContain('This is going to happen');
    expect(review.type('shared-platform-move')).toBe('');
    expect([decision(review), review.conversation.review.rejected]).toEqual(['approved', ['WebGroup']]);
  });

  it('goes on where planning again fails, and offers no rejection where there is none', () => {
    const review = talk(samplePlan([deleteDatabase]));
    review.type('reject');
    review.type('yes');
    expect(review.replan({ kind: 'replan-failed', lines: ['aws-denied: no'] })).toMatch(
      /^Nothing was left out: planning again failed\n {2}aws-denied: no\n\nStep 1 of 1/u,
    );
    const firm = talk(samplePlan([deleteDatabase]), { canReject: false });
    expect(firm.heard).toContain('Or skip, again, list, help, quit.');
    expect(firm.type('reject')).toContain('cannot be left out here');
  });

  it.each([
    ['expired', { expiresAt: '2026-02-26T22:49:00Z' }, {}, /the plan has expired/u],
    ['made from recorded state', { recorded: true }, {}, /can be shown, never confirmed/u],
    ['larger than a person confirms', {}, { maxConfirmations: 0 }, /split the plan/u],
    [
      'blocked',
      { findings: [{ code: 'x', severity: 'error', step: 'CoursesDb', message: 'no', line: 1, column: 1 }] },
      {},
      /the plan is blocked/u,
    ],
  ] as const)('confirms nothing of a plan that is %s', (_what, plan, setup, says) => {
    const review = talk(samplePlan([deleteDatabase], plan), setup);
    expect(review.heard).toMatch(says);
    expect(review.heard).toMatch(/Type list, show, reject, help or quit\.\n$/u);
    for (const line of ['courses-prod', 'yes', 'shared-platform-move'])
      expect(review.type(line)).toContain('is no command');
    expect([review.conversation.review.confirmations.size, decision(review)]).toEqual([0, null]);
  });

  it('confirms nothing any more when the plan expires while somebody types', () => {
    let now = sampleTime;
    const review = talk(samplePlan([deleteDatabase]), { now: () => now });
    for (const character of 'courses-prod') review.press({ kind: 'character', character });
    now = Date.parse('2026-02-26T23:45:01Z');
    expect(review.press({ kind: 'enter' })).toContain('the plan has expired');
    expect(review.conversation.review.confirmations.size).toBe(0);
  });

  it('approves nothing that was not typed, whatever keys come', () => {
    const words = [
      'courses-prod',
      '1b2c3d',
      'yes',
      'no',
      'skip',
      'again',
      'list',
      'reject',
      'quit ',
      'courses-prod ',
      'WebGroup',
      'shared-platform-move',
      '',
    ];
    const event = fc.oneof(
      fc.constantFrom(...words).map((line) => ({ line })),
      fc.constantFrom<{ kind: 'paste' | 'backspace' | 'escape' | 'enter' }>(
        { kind: 'paste' },
        { kind: 'backspace' },
        { kind: 'escape' },
        { kind: 'enter' },
      ),
      fc.constantFrom('y', 'c', 'a').map((character) => ({ kind: 'character', character, together: true }) as const),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 25 }), (events) => {
        const plan: Plan = samplePlan([deleteDatabase, grantStep]);
        const review = talk(plan);
        const typed: string[] = [];
        for (const one of events) {
          if (review.conversation.review.decision !== null) break;
          if ('line' in one) {
            if (review.conversation.line === '') typed.push(one.line);
            review.type(one.line);
          } else review.press(one);
        }
        if (decision(review) !== 'approved') return;
        for (const step of needed(plan).confirmations) expect(typed).toContain(step.confirm);
        expect(typed).toContain(plan.name);
      }),
      parameters,
    );
  });

  it('says hostile text visibly and in one line', () => {
    const hostile = '\u001b[2J\u202e\r\n> confirmed\u200b';
    const review = talk(
      samplePlan(
        [{ ...deleteDatabase, identity: hostile, reason: hostile, destruction: { loses: [hostile] } } as Step],
        { name: hostile, intent: hostile },
      ),
    );
    expect(isUnsafe(review.heard.replaceAll('\n', ''))).toBe(false);
    expect(review.heard).not.toMatch(/^> confirmed/mu);
  });
});

describe('a line for reading aloud', () => {
  it('has a colon after its name and every word', () => {
    expect(plainText(spoken(row(2, span('created        ', 'muted'), '2023')))).toBe('  created: 2023');
    expect(plainText(spoken(row(6, span('note', 'grant'))))).toBe('  note');
    expect(plainText(spoken(row(0, span('error x', 'destroy'), ': y')))).toBe('error x: y');
  });
});
