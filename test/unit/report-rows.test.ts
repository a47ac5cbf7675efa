import { describe, expect, it } from '@jest/globals';
import { refsText } from '../../src/history/journal-reading.ts';
import type { Report } from '../../src/domain/records/report.ts';
import type { RunSummary } from '../../src/domain/records/journal-store.ts';
import { reportRows } from '../../src/views/run/report-rows.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { runsRows } from '../../src/views/run/runs-rows.ts';

const report = (more: Partial<Report>): Report =>
  ({
    run: 'r1',
    command: 'apply',
    planName: 'move',
    rollbackOf: null,
    outcome: 'open',
    message: null,
    startedAt: '2026-02-26T10:00:00.000Z',
    endedAt: null,
    calls: 0,
    steps: [],
    captures: [],
    map: {},
    leftovers: [],
    undone: [],
    findings: [],
    durations: {},
    ...more,
  }) as unknown as Report;
const text = (found: Report, next = true): string => reportRows(found, next).map(plainText).join('\n');

describe('what a run did, in words', () => {
  it('names the way on of a run that was killed before it touched anything, and no undo', () => {
    const untouched = text(
      report({
        steps: [{ id: 'Db', state: 'not-started', identity: 'db', message: null }] as unknown as Report['steps'],
      }),
    );
    expect(untouched).toContain('aiplan resume r1');
    expect(untouched).not.toContain('aiplan rollback');
    const half = text(
      report({ steps: [{ id: 'Db', state: 'open', identity: 'db', message: null }] as unknown as Report['steps'] }),
    );
    expect(half).toMatch(/partly done +Db db[^]*aiplan resume r1[^]*aiplan rollback r1/u);
  });

  it('shows the two latest complete captures of a step, every incomplete one, and counts the rest', () => {
    const capture = (step: string, refs: string, verified = true): Report['captures'][number] =>
      ({ step, how: 'native', verified, problems: [], refs }) as unknown as Report['captures'][number];
    const shown = text(
      report({
        captures: [
          capture('Db', 'oldest'),
          capture('Db', 'broken', false),
          capture('Db', 'two'),
          capture('Other', 'first'),
          capture('Db', 'three'),
          capture('Db', 'four'),
        ],
      }),
    );
    expect(['oldest', 'broken', 'two', 'first', 'three', 'four'].filter((name) => shown.includes(name))).toEqual([
      'broken',
      'first',
      'three',
      'four',
    ]);
    expect(shown).toContain('2 older complete ones of the same steps: aiplan captures');
  });

  it('leaves out the ARN of what is named beside it, and no other one', () => {
    expect(
      refsText({
        snapshot: 'snap-1',
        snapshotArn: 'arn:aws:rds:eu-west-1:1:snapshot:snap-1',
        key: 'arn:aws:kms:eu-west-1:1:key/k',
      }),
    ).toBe('snapshot=snap-1, key=arn:aws:kms:eu-west-1:1:key/k');
  });
});

describe('a rollback that is done', () => {
  const undone = (more: Partial<Report>): string =>
    text(report({ command: 'rollback', rollbackOf: 'r0', outcome: 'done', ...more }));
  it('says what it left, what of that stays for good, and promises a further rollback only for the rest', () => {
    const again = /`aiplan rollback r0` undoes it/u;
    expect(undone({})).toMatch(/Run r0 is undone, as planned/u);
    const both = undone({ incomplete: ['Size stays 40', 'Web: somebody changed it'], forGood: ['Size stays 40'] });
    expect(both).toMatch(/undone, but not wholly:[^]*Web: somebody[^]*undoes it[^]*stays for good:[^]*Size stays 40/u);
    expect(both).toMatch(again);
    const kept = undone({ incomplete: ['Size stays 40'], forGood: ['Size stays 40'] });
    expect(kept).toMatch(/Size stays 40[^]*It stays so for good: no further rollback changes it/u);
    expect(kept).not.toMatch(again);
    expect(undone({ incomplete: ['Web: somebody changed it'] })).not.toMatch(/for good/u);
  });
});

describe('the list of runs', () => {
  it('says of a run which rollback took it back', () => {
    const summary = (run: string, rollbackOf: string | null, outcome: string): RunSummary =>
      ({
        run,
        command: rollbackOf === null ? 'apply' : 'rollback',
        outcome,
        planName: 'move',
        rollbackOf,
        account: '1',
        region: 'eu',
        endpoint: null,
        problem: null,
      }) as unknown as RunSummary;
    const lines = runsRows(
      [],
      [summary('r3', 'r1', 'done'), summary('r2', 'r1', 'stopped'), summary('r1', null, 'stopped')],
    ).map(plainText);
    expect(lines.filter((line) => line.includes('undone by'))).toEqual([
      expect.stringMatching(/^r1 apply stopped undone by r3 move/u),
    ]);
    expect(lines.filter((line) => line.includes('superseded by'))).toEqual([
      expect.stringMatching(/^r2 rollback stopped superseded by r3/u),
    ]);
  });
});
