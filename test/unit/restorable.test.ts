import { beforeAll, describe, expect, it } from '@jest/globals';
import { instance } from '../../providers/ec2/instance/instance.ts';
import { securityGroup } from '../../providers/ec2/security-group/security-group.ts';
import { volume } from '../../providers/ec2/volume/volume.ts';
import { dbInstance } from '../../providers/rds/db-instance/db-instance.ts';
import { bucket } from '../../providers/s3/bucket/bucket.ts';
import { digest, sha256 } from '../../src/base/digest.ts';
import { AwsError } from '../../src/base/error.ts';
import type { Effect, Program } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Restorable, StepContext } from '../../src/domain/resource-type.ts';
import { contextFor as bucketContext, liveBucket, store } from '../helpers/bucket-fixture.ts';
import { contextFor } from '../helpers/ec2-context.ts';
import { play, sampleInstance } from '../helpers/ec2-samples.ts';
import { rawDatabase, stepContext } from '../helpers/rds-samples.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

type Answers = Readonly<Record<string, JsonObject | null | AwsError>>;

const by =
  (answers: Answers) =>
  (effect: Effect): JsonObject | null | Error | undefined => {
    const call =
      effect.kind === 'read' || effect.kind === 'call'
        ? effect.call
        : effect.kind === 'wait'
          ? effect.wait.read
          : undefined;
    return call === undefined ? undefined : answers[call.operation];
  };
/**
 * What a check of a restore says, where AWS answers so and else as if everything were there. A null answer counts as an
 * empty one.
 */
const ask = (program: Program<Restorable>, answers: Answers): Restorable | undefined =>
  play(program, by(Object.fromEntries(Object.entries(answers).map(([name, value]) => [name, value ?? {}])))).result;
const fine = { problems: [], losses: [] };
const capture = (refs: JsonObject, how: Capture['how'] = 'native'): Capture => ({
  how,
  refs,
  pointInTime: null,
  bytes: null,
  encrypted: null,
  extras: {},
});
const refused = (code: string, message: string): AwsError =>
  new AwsError({ code, kind: 'invalid', operation: 'x:Y', message, executed: 'no' });

describe('an instance can be restored', () => {
  let live: LiveResource;
  const image = capture({
    image: 'ami-9',
    snapshots: [
      { DeviceName: '/dev/xvda', VolumeId: 'vol-root', SnapshotId: 'snap-r' },
      { DeviceName: '/dev/sdf', VolumeId: 'vol-data', SnapshotId: 'snap-d' },
    ],
  });
  beforeAll(async () => {
    live = await sampleInstance();
  });
  const restorable = (answers: Answers, more: Partial<StepContext> = {}, of: Capture | null = image) =>
    ask(instance.capture!.restorable(contextFor({ live, ...more }), of), answers);

  it('from the image of its capture, whatever became of the one that it was launched from', () => {
    const asked: JsonObject[] = [];
    play(instance.capture!.restorable(contextFor({ live }), image), (effect) => {
      if (effect.kind === 'read') asked.push(effect.call.input);
      return undefined;
    });
    expect(JSON.stringify(asked)).not.toContain(String(live.properties['ImageId']));
    expect(asked).toContainEqual({ Filters: [{ Name: 'image-id', Values: ['ami-9'] }], IncludeDeprecated: true });
    expect(restorable({})).toEqual(fine);
    expect(restorable({ DescribeImages: null })?.problems).toEqual([
      expect.stringMatching(
        /^the image ami-9 of its capture does not exist any more; its data lies in the snapshots snap-r of vol-root, snap-d of vol-data/u,
      ),
    ]);
    expect(restorable({ DescribeImages: { Images: [{ State: 'disabled' }] } })?.problems).toEqual([
      expect.stringContaining('ami-9 of its capture is disabled'),
    ]);
  });

  it('without its key pair, which is a loss', () => {
    const loss = expect.stringMatching(
      /^the key pair ".+", which does not exist any more: it comes back without KeyName/u,
    );
    expect(restorable({ DescribeKeyPairs: null })).toEqual({ problems: [], losses: [loss] });
    expect(restorable({ DescribeKeyPairs: null }, {}, null)).toEqual({ problems: [], losses: [loss] });
    const { calls } = play(instance.capture!.restore(contextFor({ live }), image), by({ DescribeKeyPairs: {} }));
    const launch = calls.find(({ operation }) => operation === 'RunInstances')?.['input'] as JsonObject;
    expect(launch['InstanceType']).toBe(live.properties['InstanceType']);
    expect(launch).not.toHaveProperty('KeyName');
  });

  it('without its instance profile, which AWS then refuses', () => {
    const profile = { ...live, properties: { ...live.properties, IamInstanceProfile: 'web' } };
    const launches: JsonObject[] = [];
    play(instance.capture!.restore(contextFor({ live: profile }), image), (effect) => {
      if (effect.kind !== 'call' || effect.call.operation !== 'RunInstances') return undefined;
      launches.push(effect.call.input);
      return launches.length > 1
        ? undefined
        : refused(
            'InvalidParameterValue',
            'Value (web) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name',
          );
    });
    expect(launches.map(({ IamInstanceProfile }) => IamInstanceProfile)).toEqual([{ Name: 'web' }, undefined]);
    expect(launches[0]?.['ClientToken']).not.toBe(launches[1]?.['ClientToken']);
    const other = play(
      instance.capture!.restore(contextFor({ live: profile }), image),
      by({ RunInstances: refused('InvalidParameterValue', 'no such subnet') }),
    );
    expect(other.error).toMatchObject({ message: expect.stringContaining('no such subnet') });
  });

  it('into the groups that the same run restores', () => {
    const groups = live.properties['SecurityGroupIds'] as string[];
    const none = restorable({ DescribeSecurityGroups: null });
    expect(none?.problems).toEqual(groups.map((group) => `security group "${group}" does not exist`));
    expect(restorable({ DescribeSecurityGroups: null }, { returning: groups })).toEqual(fine);
    expect(restorable({ DescribeSubnets: null })?.problems).toEqual([
      expect.stringMatching(/^subnet ".+" does not exist$/u),
    ]);
  });

  it('with another address where its own is taken, and not where AWS has its type no more', () => {
    const address = String(live.properties['PrivateIpAddress']);
    expect(
      restorable({
        DescribeNetworkInterfaces: {
          NetworkInterfaces: [{ PrivateIpAddress: address }, { NetworkInterfaceId: 'eni-2' }],
        },
      }),
    ).toEqual({
      problems: [],
      losses: [`the private address ${address}, which something else has by now: AWS assigns another`],
    });
    expect(restorable({ DescribeInstanceTypeOfferings: null })?.problems).toEqual([
      expect.stringMatching(/^AWS does not offer \S+ in \S+ any more$/u),
    ]);
    expect(restorable({ DescribeInstanceTypeOfferings: null }, {}, null)).toEqual({
      problems: [],
      losses: [expect.stringContaining('comes back only as another')],
    });
  });

  it('with each volume that is free, or of which there is a snapshot', () => {
    const taken = { DescribeVolumes: { Volumes: [{ VolumeId: 'vol-data', State: 'in-use' }] } };
    expect(restorable(taken)).toEqual(fine);
    expect(restorable({ ...taken, DescribeSnapshots: null })?.problems).toEqual([
      'the volume vol-data (/dev/sdf) is not free any more, and its snapshot snap-d is not there either',
    ]);
    expect(restorable({ ...taken, DescribeSnapshots: null }, { returning: ['vol-data'] })).toEqual(fine);
  });
});

describe('a volume can be restored', () => {
  const live = {
    type: volume.type,
    identity: 'vol-1',
    incarnation: 'vol-1',
    properties: { AvailabilityZone: 'eu-west-1a', Size: 8 },
    attributes: { Attachments: [{ InstanceId: 'i-1', Device: '/dev/sdf' }] },
    systemTags: {},
    state: 'available',
    pending: {},
    binding: {},
    observed: {},
    detailed: true,
  } satisfies LiveResource;
  const restorable = (answers: Answers, more: Partial<StepContext> = {}) =>
    ask(volume.capture!.restorable(contextFor({ live, ...more }), capture({ snapshot: 'snap-1' })), answers);

  it('while its snapshot is there; what it was attached to may be gone', () => {
    expect(restorable({})).toEqual(fine);
    expect(restorable({ DescribeSnapshots: null })?.problems).toEqual([
      'the snapshot snap-1 of vol-1 does not exist any more',
    ]);
    expect(restorable({ DescribeInstances: null })).toEqual({
      problems: [],
      losses: ['its attachment to i-1, which is gone: it comes back attached to nothing'],
    });
    expect(restorable({ DescribeInstances: null }, { returning: ['i-1'] })).toEqual(fine);
  });
});

describe('a security group can be restored', () => {
  const rule = { IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, SourceSecurityGroupId: 'sg-b' };
  const own = { ...rule, SourceSecurityGroupId: 'sg-a' };
  const live = {
    type: securityGroup.type,
    identity: 'sg-a',
    incarnation: 'sg-a',
    properties: {
      GroupName: 'web',
      GroupDescription: 'web',
      VpcId: 'vpc-1',
      SecurityGroupIngress: [rule, own],
      SecurityGroupEgress: [],
    },
    attributes: {},
    systemTags: {},
    state: 'present',
    pending: {},
    binding: {},
    observed: {},
    detailed: true,
  } satisfies LiveResource;
  const restorable = (groups: readonly JsonObject[], more: Partial<StepContext> = {}) =>
    play(securityGroup.capture!.restorable(contextFor({ live, ...more }), capture({}, 'config')), (effect) => {
      if (effect.kind !== 'read' || effect.call.operation !== 'DescribeSecurityGroups') return undefined;
      return {
        SecurityGroups: JSON.stringify(effect.call.input).includes('group-name')
          ? groups.filter(({ GroupName }) => GroupName === 'web')
          : groups.filter(({ GroupName }) => GroupName !== 'web'),
      };
    }).result;

  it('under a free name, without the rules about groups that are gone', () => {
    expect(restorable([{ GroupId: 'sg-b' }])).toEqual(fine);
    expect(restorable([{ GroupId: 'sg-x', GroupName: 'web' }, { GroupId: 'sg-b' }])?.problems).toEqual([
      'the name "web" is taken in vpc-1 by sg-x',
    ]);
    expect(restorable([])).toEqual({
      problems: [],
      losses: [expect.stringContaining('names a group that does not exist any more')],
    });
    expect(restorable([], { returning: ['sg-b'] })).toEqual(fine);
    // The replacement, which the same rollback deletes before.
    expect(
      restorable([{ GroupId: 'sg-x', GroupName: 'web' }, { GroupId: 'sg-b' }], { deletedBefore: ['sg-x'] }),
    ).toEqual(fine);
  });

  it('and is made with the rules that AWS takes, those about itself among them', () => {
    const made = (groups: readonly JsonObject[]) =>
      JSON.stringify(
        play(
          securityGroup.capture!.restore(contextFor({ live }), capture({}, 'config')),
          by({ DescribeSecurityGroups: { SecurityGroups: [...groups] } }),
        ).calls,
      );
    expect(made([{ GroupId: 'sg-b' }])).toContain('"GroupId":"sg-b"');
    expect(made([])).not.toContain('"GroupId":"sg-b"');
    expect(made([])).toContain('"GroupId":"sg-preview"}]');
  });
});

describe('a database can be restored', () => {
  const taken = capture({ snapshot: 's', final: 's-final' });
  const there: Answers = { DescribeDBSnapshots: { DBSnapshots: [{ Status: 'available' }] }, DescribeDBInstances: null };
  const restorable = (answers: Answers, more: Partial<StepContext> = {}) =>
    ask(dbInstance.capture!.restorable(stepContext(more), taken), { ...there, ...answers });

  it('under its name, where nobody or its own rest has that', () => {
    const held = (status: string, tags: readonly JsonObject[] = []): Answers => ({
      DescribeDBInstances: {
        DBInstances: [{ DBInstanceIdentifier: 'courses-prod', DBInstanceStatus: status, TagList: [...tags] }],
      },
    });
    expect(restorable({})).toEqual(fine);
    expect(restorable(held('available'))?.problems).toEqual([
      expect.stringContaining('is held by another database that is "available"'),
    ]);
    expect(restorable(held('deleting'))).toEqual(fine);
    expect(restorable(held('available', [{ Key: 'aiplan:restoring', Value: 'run-6' }]))).toEqual(fine);
    expect(restorable(held('available', [{ Key: 'aiplan:op', Value: 'op-6' }]), { tries: ['op-6'] })).toEqual(fine);
  });

  it('from a snapshot that is there', () => {
    expect(restorable({ DescribeDBSnapshots: null })?.problems).toEqual([
      expect.stringMatching(
        /^no snapshot of courses-prod is left of its capture \(s-final does not exist any more, s does not exist any more\)/u,
      ),
    ]);
  });

  it('into groups that are there or come back in the same run; parameters may become the default ones', () => {
    expect(restorable({ DescribeDBSubnetGroups: null })?.problems).toEqual([
      'the DB subnet group "private" does not exist',
    ]);
    expect(restorable({ DescribeSecurityGroups: null })?.problems).toHaveLength(2);
    expect(restorable({ DescribeSecurityGroups: null }, { returning: ['sg-a', 'sg-b'] })).toEqual(fine);
    expect(restorable({ DescribeDBParameterGroups: null })).toEqual({
      problems: [],
      losses: [expect.stringContaining('its DB parameter group "courses-pg15", which does not exist any more')],
    });
    const { calls } = play(
      dbInstance.capture!.restore(stepContext(), taken),
      by({ ...there, DescribeDBParameterGroups: {} }),
    );
    expect(JSON.stringify(calls)).not.toContain('courses-pg15');
  });

  it('without a role that is gone, and with everything else', () => {
    const calls: JsonObject[] = [];
    const status = {
      ...rawDatabase,
      DbiResourceId: 'db-2',
      MonitoringInterval: 0,
      PreferredMaintenanceWindow: 'mon:01:00-mon:01:30',
      TagList: [{ Key: 'aiplan:op', Value: 'run-7-coursesdb' }],
      AssociatedRoles: [],
    };
    const { error } = play(dbInstance.capture!.restore(stepContext(), taken), (effect) => {
      if (effect.kind === 'read' && effect.call.operation === 'DescribeDBInstances') return { DBInstances: [status] };
      if (effect.kind === 'wait') return { DBInstances: [status] };
      if (effect.kind !== 'call') return by(there)(effect);
      calls.push(effect.call.input);
      if (effect.call.operation === 'AddRoleToDBInstance') return refused('InvalidParameterValue', 'the role is gone');
      return effect.call.operation === 'ModifyDBInstance' && effect.call.input['MonitoringInterval'] !== undefined
        ? refused('InvalidParameterValue', 'the monitoring role cannot be assumed')
        : undefined;
    });
    expect(error).toBeUndefined();
    const windows = calls.filter((input) => input['PreferredMaintenanceWindow'] !== undefined);
    expect(windows.map((input) => input['MonitoringInterval'])).toEqual([60, undefined]);
    expect(calls).toContainEqual(expect.objectContaining({ DeletionProtection: true }));
  });
});

describe('a bucket can be restored', () => {
  const body = JSON.stringify({
    entries: [
      {
        key: 'a',
        versionId: '1',
        copy: 'copies/run-1/Site/0000000',
        copyEtag: 'e',
        copyVersion: 'c',
        etag: 'e',
        size: 1,
      },
    ],
  });
  const copies = capture(
    {
      store,
      prefix: 'copies/run-1/Site/',
      parts: [{ key: 'manifests/run-1/Site-0001.json', digest: sha256(body) }],
      manifest: digest([sha256(body)]),
    },
    'copy',
  );
  const there: Answers = {
    GetBucketVersioning: { Status: 'Enabled' },
    HeadBucket: null,
    GetObject: { Body: body },
    ListObjectVersions: {
      Versions: [
        {
          Key: 'copies/run-1/Site/0000000',
          VersionId: 'c',
          ETag: '"e"',
          Size: 1,
          IsLatest: true,
          LastModified: '2026-01-01T00:00:00.000Z',
        },
      ],
    },
  };
  const restorable = (answers: Answers, live = liveBucket(), of: Capture | null = copies) => {
    const program = bucket.capture!.restorable(bucketContext({ live }), of);
    let step = program.next();
    while (step.done !== true) {
      const effect = step.value;
      if (effect.kind !== 'read') throw new Error('a check sends nothing');
      const answer = { ...there, ...answers }[effect.call.operation] ?? null;
      step = answer instanceof AwsError ? program.throw(answer) : program.next(answer);
    }
    return step.value;
  };

  it('before it is deleted, whatever the capture bucket is like: that is said once for all steps of a run, and of a restore by itself', () => {
    for (const [answer, problem] of [
      [null, 'does not exist; run'],
      [{}, 'does not keep versions; run'],
    ] as const) {
      expect(restorable({ GetBucketVersioning: answer }, liveBucket(), null)).toEqual(fine);
      expect(restorable({ GetBucketVersioning: answer }).problems).toEqual([expect.stringContaining(problem)]);
    }
  });

  it('under its name, where that is free and S3 gives it out', () => {
    expect(restorable({})).toEqual(fine);
    expect(restorable({ HeadBucket: {} }).problems).toEqual(['The bucket "site" exists already.']);
    expect(
      restorable({
        HeadBucket: new AwsError({
          code: 'AccessDenied',
          kind: 'denied',
          operation: 's3:HeadBucket',
          message: '',
          executed: 'no',
        }),
      }).problems,
    ).toEqual([expect.stringContaining('taken by another account')]);
    const legacy = liveBucket({ identity: 'My_Old_Bucket' });
    expect(restorable({}, legacy).problems).toEqual(['S3 gives out no name like "My_Old_Bucket" any more']);
    expect(restorable({}, legacy, null)).toEqual(fine);
    expect(bucket.capture!.plan(legacy, 'delete', [], { maxObjects: 10, maxBytes: 1000 }).loses[0]).toMatch(
      /^the name "My_Old_Bucket" for good/u,
    );
  });

  it('from a list of copies that is as it was written', () => {
    expect(restorable({ GetObject: null }).problems).toEqual([expect.stringContaining('cannot be trusted')]);
    expect(restorable({ GetObject: { Body: 'x' } }).problems).toEqual([
      expect.stringContaining('is not what was recorded'),
    ]);
    expect(restorable({ ListObjectVersions: {} }).problems).toEqual([
      expect.stringContaining('"a" (version 1): its copy is not there'),
    ]);
    expect(restorable({ GetBucketVersioning: null }).problems).toContainEqual(
      expect.stringContaining('run `aiplan setup`'),
    );
  });

  it('without logging to a bucket that is gone', () => {
    const logged = liveBucket({
      properties: { BucketName: 'site', LoggingConfiguration: { DestinationBucketName: 'logs' } },
    });
    expect(restorable({}, logged)).toEqual({
      problems: [],
      losses: [expect.stringContaining('its access logging: "logs"')],
    });
    expect(restorable({}, logged, null).problems).toEqual([]);
  });
});

describe('the key that a restore needs (kms:DescribeKey)', () => {
  const key = 'arn:aws:kms:eu-west-1:123456789012:key/1';
  const state = (KeyState: string, more: JsonObject = {}): Answers => ({
    DescribeKey: { KeyMetadata: { KeyState, ...more } },
  });
  const gone: Answers = {
    DescribeKey: new AwsError({
      code: 'AccessDeniedException',
      kind: 'denied',
      operation: 'kms:DescribeKey',
      message: 'no identity-based policy allows it',
      executed: 'no',
    }),
  };
  const disk = {
    type: volume.type,
    identity: 'vol-1',
    incarnation: 'vol-1',
    properties: { AvailabilityZone: 'eu-west-1a', Size: 8, Encrypted: true, KmsKeyId: key },
    attributes: {},
    systemTags: {},
    state: 'available',
    pending: {},
    binding: {},
    observed: {},
    detailed: true,
  } satisfies LiveResource;
  const keyed = liveBucket({
    properties: {
      BucketName: 'site',
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } },
        ],
      },
    },
  });
  const empty: Answers = { GetBucketVersioning: { Status: 'Enabled' }, HeadBucket: null, GetBucketEncryption: null };
  let server: LiveResource;
  beforeAll(async () => {
    server = await sampleInstance();
  });
  const checks = (): readonly (readonly [string, (taken: boolean) => Program<Restorable>, Answers])[] => [
    [
      'a database',
      (taken) => dbInstance.capture!.restorable(stepContext(), taken ? capture({ snapshot: 's' }) : null),
      {
        DescribeDBInstances: null,
        DescribeDBSnapshots: { DBSnapshots: [{ Status: 'available' }] },
        DescribeAccountAttributes: { AccountQuotas: [{ AccountQuotaName: 'ManualSnapshots', Max: 100, Used: 0 }] },
      },
    ],
    [
      'a volume',
      (taken) => volume.capture!.restorable(contextFor({ live: disk }), taken ? capture({ snapshot: 'snap-1' }) : null),
      {},
    ],
    [
      'an instance',
      (taken) =>
        instance.capture!.restorable(
          contextFor({ live: server }),
          taken ? capture({ image: 'ami-9', snapshots: [] }) : null,
        ),
      taken(server),
    ],
    [
      'a bucket',
      (taken) =>
        bucket.capture!.restorable(
          bucketContext({ live: keyed, remains: { identity: 'site', incarnation: 'site' } }),
          taken ? capture({}, 'config') : null,
        ),
      empty,
    ],
  ];
  /** Of an instance that has not been taken yet no image has its name. */
  const taken = (_live: LiveResource): Answers => ({ DescribeImages: { Images: [] } });

  it('is said to be disabled, about to be deleted or gone, before a destruction and before a restore', () => {
    for (const [what, check, there] of checks()) {
      for (const isTaken of [false, true]) {
        const more = isTaken && what === 'an instance' ? {} : there;
        const of = (answers: Answers): readonly string[] => [
          what,
          ...(ask(check(isTaken), { ...more, ...answers })?.problems ?? ['none']),
        ];
        expect(of(state('Enabled'))).toEqual([what]);
        expect(of(state('Disabled'))).toEqual([
          what,
          expect.stringMatching(/^the key arn:\S+key\/\S+ of .+ is disabled: enable it with aws kms enable-key$/u),
        ]);
        expect(of(state('PendingDeletion', { DeletionDate: '2026-12-07T00:00:00.000Z' }))).toEqual([
          what,
          expect.stringContaining('is pending deletion, on 2026-12-07T00:00:00.000Z: cancel that'),
        ]);
        expect(of({ DescribeKey: {} })).toEqual([what, expect.stringContaining('is in an unknown state')]);
        expect(of(state('Unavailable'))).toEqual([
          what,
          expect.stringContaining('is "Unavailable", in which AWS does not use it'),
        ]);
      }
    }
  });

  it('that nobody here may read speaks against a destruction, and is a warning of a restore (law 9)', () => {
    for (const [what, check, there] of checks()) {
      const before = ask(check(false), { ...there, ...gone });
      expect([what, before?.problems]).toEqual([
        what,
        [
          expect.stringMatching(
            /^whether the key \S+ of .+ can be used is not known: kms:DescribeKey: AccessDeniedException: no identity-based policy allows it; allow it/u,
          ),
        ],
      ]);
      const after = ask(check(true), { ...(what === 'an instance' ? {} : there), ...gone });
      expect([what, after]).toEqual([
        what,
        { problems: [], losses: [expect.stringMatching(/^nothing, unless AWS refuses it: whether the key /u)] },
      ]);
    }
  });

  it('of the copies in the capture bucket counts too, and one that does not exist any more', () => {
    const program = bucket.capture!.restorable(bucketContext({ live: liveBucket() }), null);
    const answers: Readonly<Record<string, JsonObject | null>> = {
      ...(empty as Readonly<Record<string, JsonObject | null>>),
      DescribeKey: null,
      GetBucketEncryption: {
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } }],
        },
      },
    };
    let step = program.next();
    while (step.done !== true)
      step = program.next(step.value.kind === 'read' ? (answers[step.value.call.operation] ?? null) : null);
    expect(step.value.problems).toEqual([`the key ${key} of the capture bucket "${store}" does not exist any more`]);
  });
});

describe('what only one instance can have', () => {
  let live: LiveResource;
  const image = capture({ image: 'ami-9', snapshots: [] });
  beforeAll(async () => {
    live = await sampleInstance();
  });

  it('is lost where it is gone or something else has it by now, and not where the instance has it itself', () => {
    const held = {
      ...live,
      attributes: {
        ...live.attributes,
        Addresses: [{ AllocationId: 'eipalloc-1' }, { AllocationId: 'eipalloc-2' }, { AllocationId: 'eipalloc-3' }],
      },
    };
    const answers = (InstanceId: string): Answers => ({
      DescribeAddresses: {
        Addresses: [{ AllocationId: 'eipalloc-1', AssociationId: 'a', InstanceId }, { AllocationId: 'eipalloc-3' }],
      },
      DescribeNetworkInterfaces: {
        NetworkInterfaces: [{ NetworkInterfaceId: 'eni-2', Attachment: { AttachmentId: 'x', InstanceId } }],
      },
    });
    const losses = (id: string, more: Partial<StepContext> = {}) =>
      ask(instance.capture!.restorable(contextFor({ live: held, ...more }), image), answers(id))?.losses;
    const gone = 'the elastic address eipalloc-2, which does not exist any more';
    expect(losses('i-other')).toEqual([
      'the elastic address eipalloc-1, which i-other has by now',
      gone,
      'the network interface eni-2, which i-other has by now',
    ]);
    expect(losses(live.identity)).toEqual([gone]);
    // The same plan deletes the holder before: what it has is free by then.
    expect(losses('i-other', { deletedBefore: ['i-other'] })).toEqual([gone]);
    expect(losses('i-other', { apart: 'i-1' })).toEqual([]);
  });
});
