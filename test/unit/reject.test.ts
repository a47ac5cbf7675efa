import { describe, expect, it } from '@jest/globals';
import { rejectionFindings, withoutRejected } from '../../src/language/reject.ts';
import { digestsFit } from '../../src/plan/steps/digests.ts';
import { needed } from '../../src/domain/confirmation.ts';
import { createMemoryWorld, DATABASE, GROUP, NETWORK, NOTE } from '../helpers/memory-world.ts';
import { changePlanOf, codes, planFor, stepOf, type EntrySample } from '../helpers/planning-samples.ts';

const world = () =>
  createMemoryWorld({
    seed: [
      { type: NETWORK, identity: 'net-1' },
      { type: GROUP, identity: 'g-1', properties: { NetworkId: 'net-1', Description: 'web' } },
      { type: DATABASE, identity: 'courses', properties: { GroupIds: ['g-1'] }, rows: ['a'] },
      { type: NOTE, identity: 'n', properties: { Text: 'old', DatabaseName: 'courses' } },
    ],
  });
const network: EntrySample = { address: 'Net', type: NETWORK, action: 'create', properties: { Range: '10.0.0.0/16' } };
const group: EntrySample = {
  address: 'Web',
  type: GROUP,
  action: 'create',
  properties: { GroupName: 'web', NetworkId: { Ref: 'Net' } },
};
const note: EntrySample = { address: 'N', type: NOTE, action: 'update', id: 'n', properties: { Text: 'new' } };
const other: EntrySample = {
  address: 'Other',
  type: NOTE,
  action: 'create',
  properties: { NoteName: 'other', Text: { 'Fn::GetAtt': ['N', 'Text'] } },
};
const reduced = (entries: readonly EntrySample[], ...rejected: readonly string[]) =>
  withoutRejected(changePlanOf(entries), rejected);

describe('withoutRejected', () => {
  it('takes out what nobody refers to, and names it, sorted and once', () => {
    const { resources, rejected } = reduced([network, group, note], 'Web', 'N', 'Web');
    expect(resources.map(({ address }) => address)).toEqual(['Net']);
    expect(rejected).toEqual(['N', 'Web']);
  });

  it('leaves the change plan as it is where nothing is rejected', () => {
    const whole = changePlanOf([note]);
    expect(withoutRejected(whole, [])).toBe(whole);
  });

  it('makes a look-up of a live resource that others refer to, without what was believed and wanted of it', () => {
    const { resources } = reduced(
      [{ ...note, expect: { Text: 'old' }, reason: 'r', when: 'now', dependsOn: ['Other2'] }, other],
      'N',
    );
    expect(resources[0]).toEqual({
      address: 'N',
      type: NOTE,
      action: 'read',
      id: 'n',
      dependsOn: [],
      source: { line: 1, column: 3 },
      positions: {},
    });
    expect(resources[1]?.action).toBe('create');
  });

  it('takes it out when the one that refers to it is rejected too', () => {
    expect(reduced([note, other], 'N', 'Other').resources).toEqual([]);
  });

  it('takes it out of depends_on, and says so', () => {
    const later: EntrySample = { ...group, dependsOn: ['N', 'Net'] };
    expect(reduced([network, note, later], 'N').resources.find(({ address }) => address === 'Web')?.dependsOn).toEqual([
      'Net',
    ]);
    expect(rejectionFindings(changePlanOf([network, note, later]), ['N'])).toMatchObject([
      { code: 'runs-without', step: 'Web', severity: 'warning' },
    ]);
    expect(rejectionFindings(changePlanOf([network, note, later]), ['N', 'Web'])).toEqual([]);
  });

  it('refuses what no step can be', () => {
    expect(() => reduced([note], 'Nothing')).toThrow(expect.objectContaining({ code: 'not-rejectable', exitCode: 3 }));
    expect(() => reduced([{ ...note, action: 'read' }], 'N')).toThrow(
      expect.objectContaining({ code: 'not-rejectable' }),
    );
  });
});

describe('planning without what was rejected', () => {
  const planned = async (entries: readonly EntrySample[], ...rejected: readonly string[]) =>
    planFor(world(), withoutRejected(changePlanOf(entries), rejected).resources, {
      changePlan: { rejected: [...rejected].sort() },
    });

  it('blocks what needs a rejected create, by name, until that is rejected too', async () => {
    const half = await planned([network, group, note], 'Net');
    expect(codes(half, 'Web')).toEqual(['depends-on-rejected']);
    expect(stepOf(half, 'Web').blocked).toBe(true);
    expect(stepOf(half, 'N').blocked).toBe(false);
    const both = await planned([network, group, note], 'Net', 'Web');
    expect(both.plan.steps.map(({ id }) => id)).toEqual(['N']);
    expect(both.plan.summary.blocked).toBe(0);
  });

  it('is another plan, says what was rejected, and its digest can be checked', async () => {
    const whole = await planned([note, network]);
    const less = await planned([note, network], 'Net');
    expect(whole.plan).not.toHaveProperty('rejected');
    expect(less.plan.rejected).toEqual(['Net']);
    expect(less.plan.digest).not.toBe(whole.plan.digest);
    expect(digestsFit(less.plan)).toBe(true);
    expect(digestsFit({ ...less.plan, rejected: [] })).toBe(false);
    expect(digestsFit({ ...less.plan, rejected: ['Net', 'Web'] })).toBe(false);
  });

  it('refers to the live value of a rejected update', async () => {
    const whole = await planned([note, other]);
    const less = await planned([note, other], 'N');
    expect(stepOf(whole, 'Other').changes.find(({ path }) => path === 'Text')?.after).toBe('new');
    expect(stepOf(less, 'Other').changes.find(({ path }) => path === 'Text')?.after).toBe('old');
    expect(stepOf(less, 'Other').blocked).toBe(false);
  });

  it('does not take a rejected delete for done: what it was in the way of is blocked', async () => {
    const gone: EntrySample = {
      address: 'Db',
      type: DATABASE,
      action: 'delete',
      id: 'courses',
      reason: 'r',
      expect: { Engine: 'postgres' },
    };
    const groupGone: EntrySample = {
      address: 'Web',
      type: GROUP,
      action: 'delete',
      id: 'g-1',
      reason: 'r',
      expect: { Description: 'web' },
    };
    const noteGone: EntrySample = {
      address: 'N',
      type: NOTE,
      action: 'delete',
      id: 'n',
      reason: 'r',
      expect: { Text: 'old' },
    };
    expect((await planned([gone, groupGone, noteGone])).plan.summary.blocked).toBe(0);
    const less = await planned([gone, groupGone, noteGone], 'Db');
    expect(codes(less, 'Web')).toContain('still-used');
    expect(stepOf(less, 'Web').blocked).toBe(true);
  });

  it('keeps the digests of the steps that have nothing to do with it, so that their confirmations stay', async () => {
    const grant: EntrySample = {
      address: 'Open',
      type: DATABASE,
      action: 'update',
      id: 'courses',
      when: 'now',
      reason: 'r',
      properties: { Public: true },
    };
    const whole = await planned([grant, network, group]);
    const less = await planned([grant, network, group], 'Net', 'Web');
    expect(stepOf(whole, 'Open').confirm).not.toBeNull();
    expect(stepOf(less, 'Open').digest).toBe(stepOf(whole, 'Open').digest);
  });

  it('leaves nothing to do when everything is rejected', async () => {
    const { plan } = await planned([note], 'N');
    expect(plan.steps).toEqual([]);
    expect(needed(plan).nothing).toBe(true);
  });
});
