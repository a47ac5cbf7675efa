import { describe, expect, it } from '@jest/globals';
import { instance } from '../../providers/ec2/instance/instance.ts';
import { securityGroup } from '../../providers/ec2/security-group/security-group.ts';
import { volume } from '../../providers/ec2/volume/volume.ts';
import { restoreTags } from '../../providers/aws/values/tags.ts';
import { dbInstance } from '../../providers/rds/db-instance/db-instance.ts';
import { bucket } from '../../providers/s3/bucket/bucket.ts';
import { ALONG, leftOut } from '../../providers/s3/bucket/left-out.ts';
import { subResources } from '../../providers/s3/configuration/sub-resources.ts';
import { bringsOutOf } from '../../src/cli/planning/generated.ts';
import { preview } from '../../src/plan/steps/preview.ts';
import { historiesOf } from '../../src/history/step-history.ts';
import { unprovenBy } from '../../src/cli/planning/proven-restores.ts';
import { UserError } from '../../src/base/error.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { stepContext as databaseContext } from '../helpers/rds-samples.ts';
import { sampleInstance } from '../helpers/ec2-samples.ts';
import { canonical } from '../../src/base/digest.ts';
import type { Apart, ChangePlan, RestoreOrder } from '../../src/domain/change-plan.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ResourceType } from '../../src/domain/resource-type.ts';
import { benchOf, changePlanOf, entryOf, type Bench } from '../helpers/apply-world.ts';
import { contextFor as bucketContext, liveBucket } from '../helpers/bucket-fixture.ts';
import { contextFor } from '../helpers/ec2-context.ts';
import { BOX, createMemoryWorld, DATABASE, GROUP, NOTE } from '../helpers/memory-world.ts';
import { holdsData, type Capture } from '../../src/domain/capture-plan.ts';

const run = '20260226-230000-0001';
const [first, second] = ['20260226-230001-0002', '20260226-230002-0002'] as const;

async function deleted(): Promise<Bench> {
  const bench = benchOf(
    createMemoryWorld({
      seed: [
        { type: GROUP, identity: 'g-1', properties: { GroupName: 'web' } },
        { type: DATABASE, identity: 'db', properties: { GroupIds: ['g-1'] }, rows: ['a', 'b'] },
        { type: BOX, identity: 'box', rows: ['k=v'] },
        { type: NOTE, identity: 'note', properties: { Text: 'old' } },
      ],
    }),
  );
  const report = await bench.apply(
    changePlanOf([
      entryOf('Db', DATABASE, { action: 'delete', id: 'db', expect: {} }),
      entryOf('Box', BOX, { action: 'delete', id: 'box', expect: {} }),
    ]),
  );
  expect(report.outcome).toBe('done');
  return bench;
}

/** The plan that brings out what the run captured in a step. */
function bringOut(bench: Bench, step: string, apart: Apart): ChangePlan {
  const history = historiesOf(bench.journalOf(run)).find((one) => one.step.id === step);
  const live = history?.before as LiveResource;
  const restore: RestoreOrder = {
    run,
    step,
    formerIdentity: live.identity,
    formerIncarnation: live.incarnation,
    capture: history?.capture as unknown as Json,
    live,
    apart,
    proven: true,
  };
  return changePlanOf(
    [entryOf(step, live.type, { action: 'create', properties: live.properties, reason: 'wanted again', restore })],
    { bringsOut: { run, step, ...apart, fromAws: false } },
  );
}

describe('a capture is brought out', () => {
  it('under another name, beside a stranger that has its own', async () => {
    const bench = await deleted();
    bench.world.put({ type: DATABASE, identity: 'db', incarnation: 'db#stranger', rows: ['other'] });
    const report = await bench.apply(bringOut(bench, 'Db', { as: 'db-again', instead: {} }), { run: first });
    expect([report.outcome, report.findings, report.map]).toEqual(['done', [], {}]);
    expect([bench.world.rows('db-again'), bench.world.rows('db')]).toEqual([['a', 'b'], ['other']]);
    expect((await bench.apply(bringOut(bench, 'Box', { as: 'box-again', instead: {} }), { run: second })).outcome).toBe(
      'done',
    );
    expect(bench.world.rows('box-again')).toEqual(['k=v']);
  });

  it('beside its original, and is then no undo of the run, which still has its own', async () => {
    const bench = await deleted();
    expect((await bench.apply(bringOut(bench, 'Db', { as: 'db-again', instead: {} }), { run: first })).outcome).toBe(
      'done',
    );
    const { changePlan, findings } = await bench.rollback(run);
    expect([findings, changePlan.resources.map(({ restore }) => restore?.formerIdentity)]).toEqual([[], ['box', 'db']]);
    expect((await bench.apply(changePlan, { run: second })).outcome).toBe('done');
    expect([bench.world.rows('db'), bench.world.rows('db-again')]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('with other properties where something is gone, which are judged like a change', async () => {
    const bench = await deleted();
    bench.world.drop(GROUP, 'g-1');
    bench.world.put({ type: GROUP, identity: 'g-2', properties: { GroupName: 'other' } });
    expect((await bench.apply(bringOut(bench, 'Db', { as: 'db', instead: {} }), { run: first })).findings).toEqual([
      expect.objectContaining({ code: 'not-restorable', message: 'group g-1 does not exist' }),
    ]);
    const open = await bench.plan(bringOut(bench, 'Db', { as: 'db', instead: { GroupIds: ['g-2'], Public: true } }));
    expect(open.plan.steps[0]).toMatchObject({ grant: { opens: [expect.stringContaining('on the internet')] } });
    expect(
      (await bench.apply(bringOut(bench, 'Db', { as: 'db', instead: { GroupIds: ['g-2'] } }), { run: second })).outcome,
    ).toBe('done');
    expect((await bench.world.get(DATABASE, 'db'))?.properties['GroupIds']).toEqual(['g-2']);
  });

  it('and not where its name is taken, or none was given', async () => {
    const bench = await deleted();
    bench.world.put({ type: DATABASE, identity: 'taken', rows: [] });
    const errors = async (as: string | null): Promise<readonly string[]> =>
      (await bench.plan(bringOut(bench, 'Db', { as, instead: {} }))).plan.findings
        .filter(({ severity }) => severity === 'error')
        .map(({ code, message }) => `${code} ${message}`);
    expect(await errors('taken')).toEqual([
      expect.stringContaining('the name "taken" is held by another resource now'),
    ]);
    expect(await errors(null)).toContainEqual('not-restorable a database needs a name: --as NAME');
  });

  it('is undone as what any run made', async () => {
    const bench = await deleted();
    await bench.apply(bringOut(bench, 'Db', { as: 'db-again', instead: {} }), { run: first });
    const { changePlan } = await bench.rollback(first);
    expect(changePlan.resources).toMatchObject([{ action: 'delete', id: 'db-again' }]);
  });

  it('by a plan that says what it is made anew from', () => {
    const brings = { run, step: 'Db', as: null, instead: { Class: 'x' }, fromAws: true };
    expect(bringsOutOf({ changePlan: canonical({ bringsOut: brings } as unknown as Json) })).toEqual(brings);
    for (const text of [
      '{}',
      'name: x',
      '{"bringsOut":{"run":"x"}}',
      '{"bringsOut":{"run":1,"step":"x","instead":{}}}',
    ])
      expect(bringsOutOf({ changePlan: text })).toBeNull();
  });
});

describe('a capture that a run takes before an update', () => {
  it('has its manifest beside it, although nothing is destroyed, and is proven by that', async () => {
    const bench = benchOf(
      createMemoryWorld({ seed: [{ type: DATABASE, identity: 'db', properties: { Class: 'small' }, rows: ['a'] }] }),
    );
    const planned = changePlanOf([
      entryOf('Db', DATABASE, { action: 'update', id: 'db', when: 'now', properties: { Class: 'large' } }),
    ]);
    const report = await bench.apply(planned);
    expect([report.outcome, report.captures.length]).toEqual(['done', 1]);
    const restore = bringOut(bench, 'Db', { as: 'db-again', instead: {} }).resources[0]?.restore as RestoreOrder;
    const kept = bench.vault.manifests.get(`${run}/Db`) as unknown as JsonObject;
    expect(unprovenBy([kept], [], restore)).toBeNull();
  });

  it('keeps no run from going on where its manifest cannot be written, which is said', async () => {
    const bench = benchOf(
      createMemoryWorld({ seed: [{ type: DATABASE, identity: 'db', properties: { Class: 'small' }, rows: ['a'] }] }),
    );
    const refuse = () => Promise.reject(new UserError('no-capture-bucket', 'there is none'));
    const report = await bench.apply(
      changePlanOf([
        entryOf('Db', DATABASE, { action: 'update', id: 'db', when: 'now', properties: { Class: 'large' } }),
      ]),
      { ports: { vault: { ...bench.vault, putManifest: refuse } } },
    );
    expect([report.outcome, report.findings.map(({ code }) => code)]).toEqual(['done', ['manifest-not-kept']]);
  });
});

describe('every capture that holds data, of every type and before every action,', () => {
  const databaseOf = (action: StepContext['action']) => databaseContext({ action: action ?? 'delete' });
  const bucketOf = (action: StepContext['action']) => bucketContext({ live: liveBucket(), action: action ?? 'delete' });
  const boxOf = (live: LiveResource) => (action: StepContext['action']) =>
    contextFor({ live, action: action ?? 'delete' });
  const actions = ['update', 'replace', 'delete'] as const;

  it('can be restored, or says why not and how else', async () => {
    const disk = { ...(await sampleInstance()), type: volume.type, identity: 'vol-1', properties: { Size: 8 } };
    const cases = [
      [dbInstance, databaseOf],
      [instance, boxOf(await sampleInstance())],
      [volume, boxOf(disk)],
      [bucket, bucketOf],
    ] as const;
    const told = cases.flatMap(([type, of]) =>
      actions.flatMap((action) => {
        const context = of(action);
        const { result: capture } = preview(type.capture!.take(context));
        if (!holdsData(capture)) return [];
        const cannot = type.capture!.notBroughtOut?.(capture) ?? null;
        const calls =
          cannot === null ? preview(type.capture!.restore({ ...context, action: 'create' }, capture)).calls.length : 0;
        return [`${type.type} ${action} ${cannot === null ? (calls > 0 ? 'restored' : 'NOTHING') : cannot.instead}`];
      }),
    );
    expect(told.filter((text) => !text.endsWith(' restored'))).toEqual([
      expect.stringMatching(
        /^AWS::EC2::Instance update make a volume of a snapshot and attach it: .*snap-preview of vol-/u,
      ),
    ]);
    expect(told.length).toBe(11);
  });

  it('names a final snapshot only before a deletion', () => {
    const refs = actions.map((action) => preview(dbInstance.capture!.take(databaseOf(action))).result.refs['final']);
    expect(refs.map((final) => final !== undefined)).toEqual([false, true, true]);
  });
});

describe('every type says how its captures are brought out', () => {
  const of = (type: ResourceType, live: Partial<LiveResource>, as: string | null, instead: JsonObject = {}) =>
    type.capture!.apart!(
      {
        type: type.type,
        identity: 'old',
        incarnation: 'old',
        properties: {},
        attributes: {},
        systemTags: {},
        state: 'present',
        pending: {},
        binding: {},
        observed: {},
        detailed: true,
        ...live,
      },
      as,
      instead,
    );
  const blocked = { blocked: expect.any(String) };

  it('by a name, where it has one', () => {
    expect(of(dbInstance, {}, 'new')).toMatchObject({ identity: 'new', properties: { DBInstanceIdentifier: 'new' } });
    for (const name of [null, 'New', 'a--b', 'a-', '1a', 'a'.repeat(64)])
      expect(of(dbInstance, {}, name)).toEqual(blocked);
    for (const name of [null, 'My_Bucket', 'ab']) expect(of(bucket, {}, name)).toEqual(blocked);
    expect(of(securityGroup, { properties: { GroupName: 'web' } }, 'again')).toMatchObject({
      identity: 'old',
      properties: { GroupName: 'again' },
    });
    expect([of(instance, {}, 'x'), of(volume, {}, 'x')]).toEqual([blocked, blocked]);
  });

  it('without what only one can have', () => {
    expect(of(volume, { attributes: { Attachments: [{ InstanceId: 'i-1' }] } }, null)).toMatchObject({
      attributes: { Attachments: [] },
    });
    const web = {
      properties: { PrivateIpAddress: '10.0.0.5', SubnetId: 's-2' },
      attributes: { Addresses: [{ AllocationId: 'eipalloc-1' }] },
    };
    expect(of(instance, web, null)).toMatchObject({
      properties: { PrivateIpAddress: '10.0.0.5' },
      attributes: { Addresses: [] },
    });
    expect((of(instance, web, null, { SubnetId: 's-2' }) as LiveResource).properties).toEqual({ SubnetId: 's-2' });
    const tags = restoreTags(contextFor({ apart: 'i-1' }), {}, {}, 'i-1');
    expect([tags['aiplan:restored-from'], tags['aiplan:brought-out-of']]).toEqual([undefined, 'i-1']);
  });

  it('a bucket without what acts, opens or names others, each told with its reason', () => {
    const documents: JsonObject = {
      policy: '{"Statement":[]}',
      acl: { Owner: { ID: 'me' }, Grants: [{ Grantee: { ID: 'them' }, Permission: 'READ' }] },
      lifecycle: { Rules: [{ ID: 'expire' }] },
      logging: { TargetBucket: 'logs' },
      notification: { QueueConfigurations: [] },
      inventory: [{ Id: 'i' }],
      publicAccessBlock: { BlockPublicAcls: false },
      requestPayment: { Payer: 'BucketOwner' },
      objectLock: { ObjectLockEnabled: 'Enabled' },
      versioning: { Status: 'Enabled' },
      tagging: [{ Key: 'team', Value: 'x' }],
      cors: null,
    };
    const capture: Capture = {
      how: 'config',
      refs: {},
      pointInTime: null,
      bytes: null,
      encrypted: null,
      extras: { configuration: documents },
    };
    const told = (more: Partial<StepContext>): readonly string[] =>
      preview(bucket.capture!.restorable(contextFor({ live: liveBucket(), captureBucket: 'store', ...more }), capture))
        .result.losses;
    expect(told({ apart: 'site' }).map((text) => text.slice(0, text.indexOf(':')))).toEqual([
      'its public access block',
      'its inventory',
      'its lifecycle rules',
      'its access logging',
      'its event notifications',
      'its access control list',
      'its bucket policy',
    ]);
    expect(told({ apart: 'site' }).find((text) => text.startsWith('its lifecycle rules'))).toContain('would delete');
    expect(told({})).toEqual([]);
    // Every part comes along, or has its own reason why it does not.
    const whole = Object.fromEntries(
      subResources.map(({ name }) => [
        name,
        name === 'acl' ? (documents['acl'] ?? null) : { Rule: 'x', flag: false, Payer: 'Requester' },
      ]),
    );
    expect(leftOut(whole)).toHaveLength(subResources.filter(({ name }) => !ALONG.has(name)).length);
    expect(leftOut(whole).filter((text) => text.includes('does not get it'))).toEqual([]);
  });

  it('a bucket closed to everybody, without its policy and rules', () => {
    const live = of(
      bucket,
      {
        ...liveBucket({
          properties: {
            BucketName: 'site',
            VersioningConfiguration: { Status: 'Enabled' },
            LifecycleConfiguration: {},
            LoggingConfiguration: {},
          },
        }),
      },
      'site-again',
    ) as LiveResource;
    expect(live).toMatchObject({
      identity: 'site-again',
      properties: { BucketName: 'site-again', VersioningConfiguration: { Status: 'Enabled' } },
    });
    expect(Object.keys(live.properties)).not.toContain('LifecycleConfiguration');
    const configuration = {
      policy: '{"Statement":[]}',
      acl: null,
      versioning: null,
      lifecycle: [{ ID: 'expire' }],
      logging: { TargetBucket: 'logs' },
      tagging: [{ Key: 'team', Value: 'x' }],
      encryption: { Rules: [] },
      publicAccessBlock: null,
    };
    const capture: Capture = {
      how: 'config',
      refs: {},
      pointInTime: null,
      bytes: null,
      encrypted: null,
      extras: { configuration },
    };
    const { calls } = preview(bucket.capture!.restore(bucketContext({ live, apart: 'site' }), capture));
    const names = calls.map(({ operation }) => operation);
    expect(names).toContain('PutPublicAccessBlock');
    for (const name of [
      'PutBucketPolicy',
      'PutBucketAcl',
      'PutBucketLifecycleConfiguration',
      'PutBucketLogging',
      'DeletePublicAccessBlock',
      'PutBucketEncryption',
    ])
      expect(names).not.toContain(name);
    expect(calls.every(({ input }) => input['Bucket'] === 'site-again')).toBe(true);
  });
});
