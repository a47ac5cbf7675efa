import { describe, expect, it } from '@jest/globals';
import { noKnowledge, type Knowledge } from '../../src/domain/property-hints.ts';
import { isUnsafe } from '../../src/base/sanitise.ts';
import type { Step } from '../../src/domain/plan.ts';
import { cardRows } from '../../src/views/step/card-rows.ts';
import { briefRows } from '../../src/views/plan/plan-rows.ts';
import { plainText, type Row } from '../../src/views/base/rows.ts';
import { changeLines, documentationRow, tabRows, tabs, type Reading, type Tab } from '../../src/views/step/tab-rows.ts';
import { rowsToText } from '../../src/views/base/text.ts';
import { diffSteps, rulesStep } from '../helpers/diff-samples.ts';
import { expectGolden } from '../helpers/golden.ts';
import { baseStep, deleteDatabase, samplePlan, sampleTime } from '../helpers/sample-plan.ts';

const plan = samplePlan(diffSteps);
const reading: Reading = { plan, now: sampleTime, knowledge: noKnowledge };
const lines = (tab: Tab, step: Step, over: Partial<Reading> = {}): readonly string[] =>
  tabRows(tab, step, { ...reading, ...over }).map(plainText);
const toned = (rows: readonly Row[], tone: string): readonly string[] =>
  rows.flatMap(({ spans }) => spans.filter((part) => part.tone === tone).map(({ text }) => text));

describe('the tabs of a step', () => {
  it.each(diffSteps.map((step) => [step.id, step] as const))('of %s read as the golden file shows', (id, step) => {
    const text = tabs
      .map(({ tab, title }) => `== ${title}\n${rowsToText(tabRows(tab, step, reading), { width: 100, color: false })}`)
      .join('\n');
    expectGolden(
      `tabs/${id}.txt`,
      `${text}\n== Card\n${rowsToText(cardRows(step, plan, sampleTime), { width: 100, color: false })}`,
    );
  });
  it('have a key each', () => expect(new Set(tabs.map(({ key }) => key)).size).toBe(5));
  it('and the card never say different things of a change, and leave no loss and no grant out', () => {
    for (const step of diffSteps) {
      const card = cardRows(step, plan, sampleTime).map(plainText);
      const changes = changeLines(step, reading).map(({ row }) => plainText(row));
      if (step.changes.length > 0)
        for (const line of changes.filter((text) => text !== '')) expect(card).toContain(line);
      for (const text of [...(step.destruction?.loses ?? []), ...(step.grant?.opens ?? [])])
        for (const tab of ['changes', 'recovery'] as const) expect(lines(tab, step).join('\n')).toContain(text);
    }
  });
  it('show hostile text only neutralised', () => {
    const hostile = '\u001b[2J\u202egnp\u200b\u0000<b>\n| a';
    const step: Step = {
      ...rulesStep,
      id: hostile,
      identity: hostile,
      reason: hostile,
      calls: [hostile],
      leftovers: [hostile],
      oneWay: [hostile],
      dependsOn: [hostile],
      recoverability: { level: 'restorable', loses: [hostile] },
      evidence: {
        binding: { [hostile]: hostile, dependents: [hostile] },
        observed: { [hostile]: { [hostile]: hostile } },
      },
      changes: [
        {
          path: `Tags.${hostile}`,
          before: hostile,
          after: { [hostile]: [hostile] },
          effect: 'grant',
          notes: [hostile],
        },
      ],
    };
    for (const { tab } of tabs)
      expect(
        tabRows(tab, step, { ...reading, plan: samplePlan([step]) }).filter((row) => isUnsafe(plainText(row))),
      ).toEqual([]);
  });
});

describe('Changes', () => {
  it("give AWS's line for the change of a row, and none where AWS has none", () => {
    const knowledge: Knowledge = (type, path) => ({
      ...noKnowledge(type, path),
      documentation: path.startsWith('Tags') ? null : `${type} ${path} documented`,
    });
    expect(documentationRow(rulesStep, 0, { ...reading, knowledge })).toMatchObject({
      spans: [
        { text: 'AWS: ' },
        { text: 'AWS::EC2::SecurityGroup SecurityGroupIngress[tcp 22 22 0.0.0.0/0] documented' },
      ],
    });
    for (const index of [3, 99, -1]) expect(documentationRow(rulesStep, index, { ...reading, knowledge })).toBeNull();
  });
  it('of a delete say that all of it goes, of a blocked step that nothing was worked out', () => {
    expect(lines('changes', deleteDatabase)).toContain('The whole resource goes; no property is changed before.');
    expect(lines('changes', { ...baseStep, blocked: true })).toEqual([
      'The step is blocked: its changes were not worked out.',
    ]);
  });
});

describe('Evidence', () => {
  const evidence = (binding: Step['evidence']['binding'], observed: Step['evidence']['observed'] = {}): Step => ({
    ...deleteDatabase,
    evidence: { binding, observed },
  });
  it('keeps what binds apart from what was observed, each observation with its time', () => {
    const found = lines('evidence', evidence({ encrypted: true }, { objects: 5 }));
    expect(found.map((line) => line.trim().split(/[:,] /u)[0])).toEqual([
      'Facts',
      'encrypted      yes',
      'Observations',
      'objects        5 (read 22:45 UTC)',
    ]);
  });
  it('says of protections whether they are on, and names each dependent on a line', () => {
    expect(lines('evidence', evidence({ protections: [], dependents: ['a', 'b'] })).slice(1)).toEqual([
      '  dependents     a',
      '                 b',
      '  protections    off: nothing in AWS holds this back',
    ]);
    expect(lines('evidence', evidence({ protections: ['x', 'y'] })).slice(1)).toEqual([
      '  protections    on: x',
      '                 on: y',
    ]);
  });
  it('counts what is too much to list', () => {
    const found = lines('evidence', evidence({ dependents: Array.from({ length: 900 }, (_, index) => `i-${index}`) }));
    expect(found.length).toBeLessThan(60);
    expect(found.at(-1)).toBe('                 … and 850 more');
  });
  it('shows unknown in red with the word, wherever it hides', () => {
    const found = tabRows(
      'evidence',
      evidence(
        { backups: { manual: 'none', automated: 'unknown' }, dependents: 'unknown' },
        { lastUse: 'unknown', snapshots: 'unknown (AccessDenied)' },
      ),
      reading,
    );
    expect(toned(found, 'unknown')).toEqual([
      'unknown',
      'manual none; automated unknown',
      'unknown',
      'unknown (AccessDenied)',
      'Not known: backups, dependents, last use, snapshots. Unknown is neither absent nor safe.',
    ]);
  });
});

describe('a loss that does not come back', () => {
  const loss = 'automated backups older than 3 days are deleted';
  const step: Step = {
    ...deleteDatabase,
    action: 'update',
    destruction: { loses: [loss] },
    recoverability: { level: 'irreversible', loses: [loss, 'writes'] },
  };
  it('stands first, says so, and is not told twice on the card', () => {
    const card = cardRows(step, plan, sampleTime).map(plainText);
    expect(card[1]).toBe(`  loses          ${loss} (does not come back)`);
    expect(card.filter((line) => line.includes(loss))).toHaveLength(1);
    expect(card).toContain('  not restored   writes');
    expect(lines('recovery', step)).toEqual(
      expect.arrayContaining([`  not restored   ${loss}`, '  not restored   writes']),
    );
  });
});

describe('facts', () => {
  it('stand in the order in which a person asks, sizes with their unit and digests cut', () => {
    const step: Step = {
      ...deleteDatabase,
      evidence: {
        binding: { policy: { digest: `sha256:${'a'.repeat(64)}` }, protections: ['x'] },
        observed: { archived: 0, largestObject: 4096, bytes: 2048, creator: 'maria', listing: ['never shown'] },
      },
    };
    expect(cardRows(step, plan, sampleTime).map(plainText).slice(5, 11)).toEqual([
      '  creator        maria',
      '  size           2 KiB',
      '  protections    on: x',
      '  archived       0',
      '  largest object 4 KiB',
      '  policy         digest sha256:aaaaaaaaaaaa…',
    ]);
    expect(
      [...tabs.flatMap(({ tab }) => lines(tab, step)), ...cardRows(step, plan, sampleTime).map(plainText)].join('\n'),
    ).not.toContain('never shown');
  });
});

describe('Recovery', () => {
  const wayBack = (over: Partial<Step>): string => lines('recovery', { ...deleteDatabase, ...over })[0] ?? '';
  it('says in words how it comes back', () => {
    const restorable = { level: 'restorable', loses: [] } as const;
    expect(wayBack({})).toContain('restorable: a rollback recreates it from the capture');
    expect(wayBack({ capture: { how: 'config', what: 'x' } })).toContain(
      'restorable: a rollback recreates it from its captured configuration',
    );
    expect(wayBack({ action: 'update', recoverability: restorable })).toContain(
      'a rollback puts back what calls can; the rest comes from the capture',
    );
    expect(wayBack({ action: 'update', recoverability: { level: 'reversible', loses: [] } })).toContain(
      'a rollback puts the former values back exactly',
    );
    expect(wayBack({ action: 'create', recoverability: { level: 'reversible', loses: [] } })).toContain(
      'a rollback deletes what was created',
    );
    expect(wayBack({ recoverability: { level: 'irreversible', loses: [] } })).toContain(
      'irreversible: nothing brings back what is lost',
    );
  });
  it('states the point in time of the capture, late or early', () => {
    expect(lines('recovery', { ...deleteDatabase, capture: { how: 'copy', what: 'a copy', late: true } })).toContain(
      '  point in time  right before the destruction, after it is stopped or closed to writes where that is possible',
    );
    expect(
      lines('recovery', { ...deleteDatabase, capture: { how: 'config', what: 'its rules', late: true } }),
    ).toContain('  point in time  right before the destruction');
    expect(
      lines('recovery', { ...deleteDatabase, capture: { how: 'native', what: 'a snapshot', final: true } }).join('\n'),
    ).toMatch(/point in time {2}the deletion itself, with the final snapshot/u);
    expect(lines('recovery', deleteDatabase)).toContain(
      '  point in time  before the first change of the run: what is written after that moment is not in it',
    );
    expect(
      lines('recovery', {
        ...deleteDatabase,
        capture: { how: 'none', what: 'its root is an instance store volume' },
      }).join('\n'),
    ).not.toContain('point in time');
  });
  it('lists backups that exist with their age, what does not come back, and what stays behind', () => {
    const found = lines('recovery', {
      ...deleteDatabase,
      leftovers: ['vol-1'],
      evidence: {
        binding: { backups: 'none', encrypted: true },
        observed: { newestSnapshot: '2026-02-26T20:50:00Z', bytes: 5 },
      },
    });
    expect(found).toEqual(
      expect.arrayContaining([
        '  newest snapshot 2026-02-26 20:50 UTC, 2 hours ago',
        '  backups         none',
        '  not restored   writes after the final snapshot',
        '  left over      vol-1 stays; to delete it too, name it in a plan',
      ]),
    );
    expect(found.join('\n')).not.toContain('encrypted');
  });
});

describe('Calls', () => {
  it('are numbered in their order, and what takes away stands out', () => {
    const found = tabRows('calls', deleteDatabase, reading);
    expect(found.map(plainText).slice(1, 3)).toEqual(['  1  rds:CreateDBSnapshot', '  2  rds:DeleteDBInstance']);
    expect(toned(found, 'destroy')).toEqual(['rds:DeleteDBInstance']);
  });
});

describe('Depends', () => {
  const chain = (...pairs: readonly (readonly [string, readonly string[]])[]): readonly Step[] =>
    pairs.map(([id, dependsOn]) => ({ ...baseStep, id, dependsOn }));
  const tree = (steps: readonly Step[], id: string): readonly string[] =>
    lines('depends', steps.find((step) => step.id === id) ?? baseStep, { plan: samplePlan(steps) });
  it('draw what a step needs and what needs it, three levels deep', () => {
    const steps = chain(['A', []], ['B', ['A']], ['C', ['B', 'Net']], ['D', ['C']], ['E', ['D']], ['F', ['D', 'A']]);
    expect(tree(steps, 'D')).toEqual([
      '+ D in this plan',
      'needs: these run before it',
      '  └─ + C create',
      '     ├─ + B create',
      '     │  └─ + A create',
      '     └─ Net (only looked up)',
      'needed by: these run after it',
      '  ├─ + E create',
      '  └─ + F create',
      'used by: not looked up for this step',
    ]);
    expect(tree(steps, 'E').find((line) => line.includes('+ B'))).toBe('        ├─ + B create (1 more below it)');
  });
  it('name what was drawn already, and end in a circle', () => {
    expect(tree(chain(['A', ['B', 'C']], ['B', ['C']], ['C', ['A']]), 'A').slice(1, 6)).toEqual([
      'needs: these run before it',
      '  ├─ + B create',
      '  │  └─ + C create',
      '  │     └─ + A create (above)',
      '  └─ + C create (above)',
    ]);
  });
  it('count the rest of very many', () => {
    const many = Array.from({ length: 5_000 }, (_, index) => `S${index}`);
    const found = tree([...chain(['A', many]), ...chain(...many.map((id) => [id, []] as const))], 'A');
    expect(found.length).toBeLessThan(40);
    expect(found).toContain('  └─ … and 4970 more');
  });
  it('show what uses the resource in AWS, unknown in red', () => {
    expect(lines('depends', rulesStep).slice(-4)).toEqual([
      'used by: what AWS says uses it now',
      '  ├─ AWS::EC2::Instance i-0aaa',
      '  ├─ AWS::EC2::Instance i-0bbb',
      '  └─ AWS::EC2::SecurityGroup sg-0ccc',
    ]);
    expect(
      toned(
        tabRows('depends', { ...rulesStep, evidence: { binding: { dependents: 'unknown' }, observed: {} } }, reading),
        'unknown',
      ),
    ).toEqual(['unknown: it could not be read']);
  });
});

it('the plan in brief leaves no loss out, least of all one that nothing brings back', () => {
  const step: Step = {
    ...deleteDatabase,
    destruction: { loses: ['all rows'] },
    recoverability: { level: 'irreversible', loses: ['all rows'] },
  };
  expect(briefRows(samplePlan([step]), sampleTime).map(plainText)).toContain('    loses all rows');
});
