import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { TypeRules } from '../../src/domain/resource-type.ts';
import { boundState } from '../../src/plan/steps/state-fingerprint.ts';
import { digestsFit } from '../../src/plan/steps/digests.ts';
import { staleSteps } from '../../src/run/drift/stale-steps.ts';
import { rules as bucketRules } from '../../providers/s3/rules/rules.ts';
import { instanceRules } from '../../providers/ec2/instance/rules/rules.ts';
import { dbInstanceRules } from '../../providers/rds/db-instance/rules.ts';
import { securityGroupRules } from '../../providers/ec2/security-group/rules.ts';
import type { Bench } from '../helpers/apply-world.ts';
import { changePlan, freshBench } from '../helpers/fault-scenario.ts';
import { BOX, DATABASE, GROUP, NOTE } from '../helpers/memory-world.ts';

const bound = (rules: TypeRules, properties: JsonObject): JsonObject =>
  boundState({ type: 'AWS::X::Y', identity: 'x', properties }, rules);

describe('what a confirmation binds to of a resource', () => {
  it.each<readonly [string, TypeRules, JsonObject, JsonObject]>([
    [
      'the image and snapshots of an instance, which its capture may change',
      instanceRules,
      {
        ImageId: 'ami-1',
        BlockDeviceMappings: [{ DeviceName: '/dev/a', Ebs: { SnapshotId: 'snap-1', VolumeSize: 8 } }],
      },
      {
        ImageId: 'ami-2',
        BlockDeviceMappings: [{ DeviceName: '/dev/a', Ebs: { SnapshotId: 'snap-2', VolumeSize: 8 } }],
      },
    ],
    [
      'the order in which AWS lists the groups of an instance',
      instanceRules,
      { SecurityGroupIds: ['sg-1', 'sg-2'] },
      { SecurityGroupIds: ['sg-2', 'sg-1'] },
    ],
    [
      'the zone of a database, which a failover moves',
      dbInstanceRules,
      { AvailabilityZone: 'eu-west-1a', Port: '5432' },
      { AvailabilityZone: 'eu-west-1b', Port: '5432' },
    ],
    [
      'the order of the rules of a group, and the account that AWS fills in',
      securityGroupRules,
      {
        SecurityGroupIngress: [
          {
            IpProtocol: 'tcp',
            FromPort: 1,
            ToPort: 1,
            SourceSecurityGroupId: 'sg-9',
            SourceSecurityGroupOwnerId: '123456789012',
          },
          { IpProtocol: 'tcp', FromPort: 2, ToPort: 2, CidrIp: '10.0.0.0/8' },
        ],
      },
      {
        SecurityGroupIngress: [
          { CidrIp: '10.0.0.0/8', IpProtocol: 'tcp', FromPort: 2, ToPort: 2 },
          { IpProtocol: 'tcp', FromPort: 1, ToPort: 1, SourceSecurityGroupId: 'sg-9' },
        ],
      },
    ],
    [
      'the order of the lifecycle rules of a bucket',
      bucketRules,
      {
        LifecycleConfiguration: {
          Rules: [
            { Id: 'a', Status: 'Enabled' },
            { Id: 'b', Status: 'Disabled' },
          ],
        },
      },
      {
        LifecycleConfiguration: {
          Rules: [
            { Id: 'b', Status: 'Disabled' },
            { Id: 'a', Status: 'Enabled' },
          ],
        },
      },
    ],
  ])('is not %s', (_what, rules, one, other) => {
    expect(bound(rules, other)).toEqual(bound(rules, one));
  });

  it('is every value that a person sets, within lists too', () => {
    expect(bound(instanceRules, { SecurityGroupIds: ['sg-1'], ImageId: 'ami-1', Tags: { Name: 'a' } })).toEqual({
      SecurityGroupIds: ['sg-1'],
      Tags: { Name: 'a' },
    });
    expect(bound(bucketRules, { LifecycleConfiguration: { Rules: [{ Id: 'a', Status: 'Enabled' }] } })).not.toEqual(
      bound(bucketRules, { LifecycleConfiguration: { Rules: [{ Id: 'a', Status: 'Disabled' }] } }),
    );
  });

  it('never is a text that must not be written (law 11)', () => {
    const text =
      JSON.stringify(bound(instanceRules, { UserData: '#!/bin/sh\nexport TOKEN=hunter2' })) +
      JSON.stringify(bound(dbInstanceRules, { MasterUserPassword: 'hunter2' }));
    expect(text).not.toContain('hunter2');
    expect(text).toContain('$masked');
  });
});

/** The plan as a file keeps it. */
const kept = ({ plan }: { readonly plan: Plan }): Plan => JSON.parse(JSON.stringify(plan)) as Plan;

/** What the plan shows nothing of, by step: name, what it becomes, and what must be said of it. */
const hidden = [
  ['Db', DATABASE, 'courses', { Size: 33 }, '"Db" (courses): Size: 20 → 33'],
  ['Db', DATABASE, 'courses', { Tags: { team: 'y' } }, '"Db" (courses): Tags.team: "x" → "y"'],
  ['Web', GROUP, 'g-web', { Description: 'theirs' }, '"Web" (g-web): Description: '],
  [
    'Old',
    GROUP,
    'g-old',
    { Rules: [{ Protocol: 'tcp', Port: 22, Source: '0.0.0.0/0' }] },
    '"Old" (g-old): Rules[tcp 22 0.0.0.0/0]: nothing → ',
  ],
  ['Note', NOTE, 'readme', { Kind: 'plain' }, '"Note" (readme): Kind: '],
  ['Other', DATABASE, 'other', { Size: 33 }, '"Other" (other): Size: 20 → 33'],
  ['Files', BOX, 'files', { Settings: { rules: 33 } }, '"Files" (files): Settings.rules: 3 → 33'],
  ['Shelf', BOX, 'shelf', { Policy: 'theirs' }, '"Shelf" (shelf): Policy: '],
] as const;

describe('a plan that was signed, and a resource that somebody changes before it is applied', () => {
  const rulesOf = (bench: Bench) => (type: string) => bench.world.types.get(type)?.rules;

  it.each(hidden)('%s: a property of %s %s that no step shows', async (step, type, identity, properties, said) => {
    const bench = freshBench();
    const signed = kept(await bench.plan(changePlan));
    expect(digestsFit(signed)).toBe(true);
    expect(kept(await bench.plan(changePlan)).digest).toBe(signed.digest);
    const tags = 'Tags' in properties ? properties.Tags : {};
    expect(bench.world.meddle(type, identity, 'Tags' in properties ? { tags } : { properties })).toBe(true);
    const now = await bench.plan(changePlan);
    expect(now.plan.digest).not.toBe(signed.digest);
    const text = staleSteps({ plan: signed }, now, rulesOf(bench));
    expect(text).toContain(said);
    // Only that one is named, not what runs after it.
    for (const other of signed.steps) if (other.id !== step) expect(text).not.toContain(`"${other.id}"`);
  });

  it('is no longer a plan that fits its digests when that state is edited in the file', async () => {
    const signed = kept(await freshBench().plan(changePlan));
    const bound = signed.steps.filter(({ live }) => live !== undefined).map(({ id }) => id);
    expect([...bound].sort()).toEqual(['Db', 'Files', 'Note', 'Old', 'Other', 'Shelf', 'Web']);
    for (const id of bound)
      expect([
        id,
        digestsFit({
          ...signed,
          steps: signed.steps.map((step) =>
            step.id === id ? { ...step, live: { ...step.live, Tags: { forged: 'yes' } } } : step,
          ),
        }),
      ]).toEqual([id, false]);
  });

  it('of a hidden text only that it changed is said', async () => {
    const bench = freshBench();
    const signed = kept(await bench.plan(changePlan));
    bench.world.meddle(DATABASE, 'courses', { properties: { Script: 'hunter2' } });
    expect(staleSteps({ plan: signed }, await bench.plan(changePlan), rulesOf(bench))).toContain(
      '"Db" (courses): Script: "(hidden)" → "(hidden)"',
    );
    expect(JSON.stringify((await bench.plan(changePlan)).plan)).not.toContain('hunter2');
  });

  it('what is gone, or is another one, is said so', async () => {
    const bench = freshBench();
    const signed = kept(await bench.plan(changePlan));
    bench.world.meddle(NOTE, 'readme', { replaced: true });
    bench.world.drop(BOX, 'files');
    const text = staleSteps({ plan: signed }, await bench.plan(changePlan), rulesOf(bench));
    expect(text).toContain('"Note" (readme): incarnation');
    expect(text).toContain('"Files" (files): it does not exist any more');
  });
});
