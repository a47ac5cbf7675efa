import { describe, expect, it } from '@jest/globals';
import stringWidth from 'string-width';
import type { Finding } from '../../src/domain/finding.ts';
import type { Step } from '../../src/domain/plan.ts';
import { isUnsafe } from '../../src/base/sanitise.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { paint } from '../../src/views/base/text.ts';
import { createBucket, deleteDatabase, grantStep, samplePlan, sampleTime } from '../helpers/sample-plan.ts';
import { openReviewer } from '../helpers/reviewer.ts';

const finding = (over: Partial<Finding>): Finding => ({
  code: 'some-code',
  severity: 'warning',
  step: null,
  message: 'a message',
  line: 3,
  column: 5,
  help: 'what to do',
  ...over,
});

describe('the header', () => {
  it('says plan, account, region, age, totals, confirmations and the tier in force', () => {
    const screen = openReviewer({ size: { columns: 120, rows: 30 } }).screen();
    expect(screen).toMatch(/^shared-platform-move {2}production 123456789012 eu-west-1\n/u);
    expect(screen).toContain(
      'confirmed 0 of 2 (T0)  1 to delete, 1 to update, 1 to create, 1 unchanged; 1 destruction, 1 grant',
    );
    expect(screen).toContain(
      'made 5 minutes ago, expires in 55 minutes  typed here (T0): stops accidents, not a program that types',
    );
    expect(screen).toContain('The author claims "Move the site onto the shared platform."');
    expect(openReviewer({ tier: 'T1' }).screen()).toContain('signed approval (T1)');
  });

  it.each([
    [80, 24],
    [60, 16],
    [40, 12],
  ])('keeps account, region, confirmations and totals at %i×%i', (columns, rows) => {
    const screen = openReviewer({ size: { columns, rows } }).screen();
    expect(screen).toMatch(/production (?:123456789012 )?eu-west-1/u);
    expect(screen).toContain('confirmed 0 of 2 (T0)');
    expect(screen).toContain('-1 ~1 +1 =1');
  });

  it('names another endpoint, a rollback, a blocked plan and one that was only recorded', () => {
    const endpoint = samplePlan(undefined, {
      target: { account: '1', region: 'r', caller: 'c', endpoint: 'http://127.0.0.1:5000' },
      rollbackOf: '20260226-1',
    });
    expect(openReviewer({ plan: endpoint, size: { columns: 120, rows: 30 } }).screen()).toMatch(
      /endpoint http:\/\/127\.0\.0\.1:5000 {2}rollback of run 20260226-1/u,
    );
    expect(
      openReviewer({ plan: samplePlan(undefined, { findings: [finding({ severity: 'error' })] }) }).screen(),
    ).toContain('BLOCKED: cannot be applied');
    expect(openReviewer({ plan: samplePlan(undefined, { recorded: true }) }).screen()).toContain(
      'recorded state: only shown',
    );
  });
});

describe('the layout', () => {
  it('stands side by side from 100 columns on, one column under it', () => {
    const wide = openReviewer({ size: { columns: 100, rows: 24 } });
    expect(wide.screen()).toMatch(/The plan.*│ - delete CoursesDb.*\nDestructions.*│ \[1 Changes\] 2 Evidence/u);
    expect(wide.press('down').screen()).toMatch(/\[ \] ~ update WebGroup.*│/u);
    expect(wide.screen()).toContain('│ ~ update WebGroup');
    const narrow = openReviewer({ size: { columns: 99, rows: 24 } });
    expect(narrow.screen()).not.toContain('│');
    expect(narrow.press('enter').screen()).not.toContain('WebGroup');
  });

  it('keeps the columns of the two apart, whatever stands in them', () => {
    const wild: Step = {
      ...deleteDatabase,
      id: '數據庫'.repeat(30),
      destruction: { loses: ['👍🏽 e\u0301 漢字 '.repeat(40)] },
    };
    const reviewer = openReviewer({ plan: samplePlan([wild, grantStep]), size: { columns: 121, rows: 24 } });
    const at = reviewer
      .screen()
      .split('\n')
      .filter((line) => line.includes(' │ '))
      .map((line) => stringWidth(line.slice(0, line.indexOf(' │ '))));
    expect(at.length).toBeGreaterThan(5);
    expect(new Set(at).size).toBe(1);
  });

  it("shows findings: the plan's with the plan, a step's with the step, what blocks it in the list too", () => {
    const blocked: Step = { ...grantStep, blocked: true };
    const plan = samplePlan([createBucket, blocked], {
      findings: [
        finding({ message: 'about the plan' }),
        finding({ severity: 'error', step: 'WebGroup', message: 'this cannot be', code: 'no-way' }),
      ],
    });
    const reviewer = openReviewer({ plan, size: { columns: 120, rows: 30 } });
    expect(reviewer.state.cursor).toBe(0);
    expect(reviewer.screen()).toMatch(/The plan: 1 error, 1 warning[^]*error no-way[^]*warning some-code/u);
    expect(reviewer.screen()).toMatch(/Blocked.*\n.*BLOCKED update WebGroup.*\n.*this cannot be.*\n.*opens port 443/u);
    expect(reviewer.press('down').screen()).toMatch(/│ {3}error no-way.*WebGroup: this cannot be/u);
  });

  it('sets what the author says apart, as claims', () => {
    const plan = samplePlan(undefined, { assume: ['nobody uses it'] });
    const reviewer = openReviewer({ plan, size: { columns: 120, rows: 40 } }).press('home');
    const claims = reviewer
      .rows()
      .flatMap(({ spans }) => spans)
      .filter(({ tone }) => tone === 'claim')
      .map(({ text }) => text);
    expect(claims).toEqual(
      expect.arrayContaining(['"Move the site onto the shared platform."', '"nobody uses it"', '"an agent"']),
    );
    expect(openReviewer({ plan }).press('enter').screen()).toMatch(
      /author claims +"a duplicate that the migration left behind"/u,
    );
  });

  it('is one line where the screen is too small', () => {
    for (const [columns, rows] of [
      [39, 24],
      [80, 11],
      [20, 5],
      [10, 2],
    ] as const) {
      const lines = openReviewer({ size: { columns, rows } }).rows();
      expect(lines).toHaveLength(1);
      expect(stringWidth(plainText(lines[0]!))).toBeLessThanOrEqual(columns);
    }
    expect(openReviewer({ size: { columns: 80, rows: 11 } }).screen()).toBe(
      'too small: 40×12 at least, this is 80×11; q leaves',
    );
  });

  it('says everything without colour', () => {
    const reviewer = openReviewer({ size: { columns: 120, rows: 30 } });
    expect(
      reviewer
        .rows()
        .map((line) => paint(line, false))
        .join(''),
    ).not.toContain('\u001b');
    expect(reviewer.screen()).toMatch(
      /- delete CoursesDb courses-prod \[dest[^]*~ update WebGroup[^]*\+ create SiteBucket/u,
    );
  });

  it('makes hostile text visible in every place, and keeps to its size', () => {
    const hostile = '\u001b[2J\u202egnp.exe\u200b\u0000\u009b31m\n'.repeat(20);
    const step: Step = {
      ...deleteDatabase,
      id: hostile,
      identity: hostile,
      confirm: 'x',
      reason: hostile,
      destruction: { loses: [hostile] },
      changes: [
        { path: hostile, before: 'ｗｉｄｅ'.repeat(2_500), after: hostile, effect: 'destructive', notes: [hostile] },
      ],
      evidence: { binding: { [hostile]: hostile }, observed: { tags: { key: hostile.repeat(50) } } },
      calls: [hostile],
    };
    const plan = samplePlan([step], {
      name: hostile,
      intent: hostile,
      assume: [hostile],
      findings: [finding({ message: hostile, help: hostile, severity: 'warning' })],
      target: { account: hostile, region: hostile, caller: hostile, endpoint: hostile, alias: hostile },
    });
    for (const size of [
      { columns: 40, rows: 12 },
      { columns: 80, rows: 24 },
      { columns: 140, rows: 30 },
    ]) {
      const reviewer = openReviewer({ plan, size });
      for (const keys of [
        [],
        ['down'],
        ['enter'],
        ['tab'],
        ['tab'],
        ['tab'],
        ['tab'],
        ['escape'],
        ['f'],
        ['escape'],
        ['/', 'png'],
        ['escape'],
        ['e'],
        ['c'],
        ['page-down'],
        ['escape'],
        ['r'],
        ['y'],
      ]) {
        reviewer.press(...keys);
        const lines = reviewer.screen().split('\n');
        expect(lines.some(isUnsafe)).toBe(false);
        expect(lines.length).toBeLessThan(size.rows);
        expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(size.columns);
      }
    }
  });
});

describe('the summary', () => {
  it('says in one sentence each what is going to happen, in reading order', () => {
    const replace: Step = {
      ...deleteDatabase,
      id: 'Web',
      type: 'AWS::EC2::Instance',
      identity: 'i-0abc',
      action: 'replace',
      digest: 'sha256:r',
      confirm: '0abc',
      recoverability: { level: 'irreversible', loses: ['the instance store'] },
      changes: [{ path: 'ImageId', before: 'ami-1', after: 'ami-2', effect: 'replace' }],
    };
    const back: Step = { ...createBucket, id: 'Old', digest: 'sha256:o', restores: { run: '20260226-1', step: 'Old' } };
    const reviewer = openReviewer({
      plan: samplePlan([
        back,
        deleteDatabase,
        replace,
        { ...grantStep, interrupts: true, oneWay: ['storage never shrinks'] },
      ]),
      size: { columns: 400, rows: 40 },
    });
    reviewer.confirm('courses-prod').confirm('0abc', 'the instance store').confirm('1b2c3d').press('a');
    const sentences = reviewer
      .screen()
      .split('\n')
      .filter((line) => line.startsWith('  '));
    expect(sentences).toEqual([
      '  The RDS DB instance courses-prod (CoursesDb) WILL BE DELETED; lost: the database and everything written after its snapshot; writes after the final snapshot; comes back from its capture (a DB snapshot before, and a final snapshot).',
      '  The EC2 instance i-0abc (Web) WILL BE REPLACED by a new one, with another ImageId; lost: the database and everything written after its snapshot; the instance store; NOTHING brings it back.',
      '  The EC2 security group sg-0a1b2c3d (WebGroup) is changed in SecurityGroupIngress; OPENS port 443 to everyone; the service is interrupted; one way: storage never shrinks; can be put back exactly.',
      '  A new S3 bucket (Old) is brought back from what run 20260226-1 captured.',
    ]);
  });

  it.each([
    ['apply', 'apply'],
    ['sign', 'sign'],
    ['look', 'finish'],
  ] as const)('asks for the last word to %s', (purpose, word) => {
    expect(
      openReviewer({ plan: samplePlan([createBucket]), purpose })
        .press('a')
        .screen(),
    ).toContain(`Type yes and Enter to ${word}; Esc goes back.`);
  });

  it('ages with the time', () => {
    const reviewer = openReviewer();
    reviewer.now = sampleTime + 3 * 60_000;
    expect(reviewer.screen()).toContain('made 8 minutes ago, expires in 52 minutes');
  });
});
