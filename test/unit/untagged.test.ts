import { describe, expect, it } from '@jest/globals';
import { benchOf, changePlanOf, entryOf, type Bench } from '../helpers/apply-world.ts';
import { createMemoryWorld, GROUP, LINK, NETWORK } from '../helpers/memory-world.ts';

const run = '20260226-230000-0001';
const fresh = (): Bench =>
  benchOf(
    createMemoryWorld({
      seed: [
        { type: NETWORK, identity: 'net-1', properties: { Range: '10.0.0.0/16' } },
        { type: NETWORK, identity: 'net-2', properties: { Range: '10.1.0.0/16' } },
        { type: GROUP, identity: 'g-old', properties: { GroupName: 'old', NetworkId: 'net-2' } },
        { type: LINK, identity: 'link|net-2', properties: { GroupId: 'g-old', NetworkId: 'net-2' } },
      ],
    }),
  );
const create = changePlanOf([
  entryOf('Link', LINK, { action: 'create', properties: { GroupId: { Ref: 'Group' }, NetworkId: 'net-1' } }),
  entryOf('Group', GROUP, { action: 'create', properties: { GroupName: 'made', NetworkId: 'net-1' } }),
]);
const remove = changePlanOf([
  entryOf('Group', GROUP, { action: 'delete', id: 'g-old', expect: { GroupName: 'old' } }),
  entryOf('Link', LINK, { action: 'delete', id: 'link|net-2', expect: { GroupId: 'g-old' } }),
]);
const errors = (findings: readonly { readonly severity: string; readonly message: string }[]): readonly string[] =>
  findings.filter(({ severity }) => severity === 'error').map(({ message }) => message);
const linked = async ({ world }: Bench, identity: string): Promise<unknown> =>
  (await world.get(LINK, identity))?.properties;

describe('a type without tags, with an identity of two parts', () => {
  it('is created after what it names, and planned again it is nothing to do', async () => {
    const bench = fresh();
    const report = await bench.apply(create);
    expect([report.outcome, report.message]).toEqual(['done', null]);
    expect(await linked(bench, 'link|net-1')).toMatchObject({ NetworkId: 'net-1' });
    const { plan } = await bench.plan(create);
    expect(errors(plan.findings)).toEqual([]);
    expect(plan.steps.map(({ action }) => action)).toEqual(['keep', 'keep']);
  });

  it('is a lost baseline where no run of this plan made it, or another one stands in its place', async () => {
    const foreign = fresh();
    foreign.world.put({ type: LINK, identity: 'link|net-1', properties: { GroupId: 'g-old', NetworkId: 'net-1' } });
    expect(errors((await foreign.plan(create)).plan.findings)).toEqual([
      expect.stringMatching(/^Link link\|net-1 already exists and was not made by this plan: this looks like a lost/u),
    ]);
    const taken = fresh();
    await taken.apply(create);
    taken.world.meddle(LINK, 'link|net-1', { replaced: true });
    expect(errors((await taken.plan(create)).plan.findings)).toEqual([
      expect.stringMatching(/^Link link\|net-1 already exists and was not made by this plan/u),
    ]);
  });

  it('whose answer was lost is undone, and only it', async () => {
    const bench = fresh();
    const before = await bench.state();
    bench.world.fail('ec2:CreateLink', { kind: 'network', lost: true });
    expect((await bench.apply(create)).outcome).not.toBe('done');
    const draft = await bench.rollback(run);
    expect(draft.changePlan.resources.map(({ action, type, id }) => [action, type, id])).toEqual([
      ['delete', LINK, 'link|net-1'],
      ['delete', GROUP, expect.stringMatching(/^g-/u)],
    ]);
    expect((await bench.apply(draft.changePlan, { run: 'back' })).outcome).toBe('done');
    expect(await bench.state()).toEqual(before);
  });

  it('is left alone where the answer was lost and another one is there', async () => {
    const bench = fresh();
    bench.world.fail('ec2:CreateLink', { kind: 'network', lost: true });
    await bench.apply(create);
    bench.world.meddle(LINK, 'link|net-1', { replaced: true });
    const draft = await bench.rollback(run);
    expect(draft.findings.map(({ code }) => code)).toEqual(['rollback-nothing-made']);
    expect(draft.changePlan.resources.map(({ type }) => type)).toEqual([GROUP]);
  });

  it('is deleted before what it names, and both come back', async () => {
    const bench = fresh();
    const before = await bench.state();
    const report = await bench.apply(remove);
    expect([report.outcome, report.message, report.findings]).toEqual(['done', null, []]);
    expect(bench.world.sent.map(({ operation }) => operation)).toEqual(['DeleteLink', 'DeleteGroup']);
    const draft = await bench.rollback(run);
    expect(draft.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    const back = await bench.apply(draft.changePlan, { run: 'back' });
    expect([back.outcome, back.message, back.findings]).toEqual(['done', null, []]);
    const text = JSON.stringify(await bench.state()).replaceAll(back.map['g-old'] ?? '', 'g-old');
    expect(JSON.parse(text)).toEqual(before);
    const again = await bench.rollback(run);
    expect([errors(again.findings), again.changePlan.resources.filter(({ action }) => action === 'create')]).toEqual([
      [],
      [],
    ]);
  });

  it('that came back, and whose answer was lost, is resumed by the next rollback', async () => {
    const bench = fresh();
    await bench.apply(remove);
    bench.world.fail('ec2:CreateLink', { kind: 'network', lost: true });
    const first = await bench.apply((await bench.rollback(run)).changePlan, { run: 'back-1' });
    expect(first.outcome).not.toBe('done');
    const draft = await bench.rollback(run);
    expect(errors(draft.findings)).toEqual([]);
    const second = await bench.apply(draft.changePlan, { run: 'back-2' });
    expect([second.outcome, second.message]).toEqual(['done', null]);
    expect(bench.world.sent.filter(({ operation }) => operation === 'CreateLink')).toHaveLength(1);
  });

  it('is deleted by the approval of its run only where the end of the run in the capture bucket lists it', async () => {
    const bench = fresh();
    await bench.apply(create);
    const asks = async (): Promise<readonly (string | null)[]> =>
      (await bench.plan((await bench.rollback(run)).changePlan)).plan.steps.map(({ confirm }) => confirm);
    expect(await asks()).toEqual([null, null]);
    const forged = bench.fork();
    forged.vault.ends.length = 0;
    expect(
      (await forged.plan((await forged.rollback(run)).changePlan)).plan.steps.map(({ confirm }) => confirm),
    ).toEqual(['link|net-1', expect.any(String)]);
  });
});
