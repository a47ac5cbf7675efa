import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { fitProperties } from '../../src/plan/diff/fitting.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { needed } from '../../src/domain/confirmation.ts';
import { createMemoryWorld, DATABASE, GROUP, NETWORK } from '../helpers/memory-world.ts';
import { codes, planFor, stepOf, type EntrySample } from '../helpers/planning-samples.ts';

const fit = (type: string, properties: JsonObject) =>
  fitProperties(properties, loadSchema(type), resourceTypes.get(type)!.rules);
const codesOf = (type: string, properties: JsonObject): readonly string[] =>
  fit(type, properties).misfits.map(({ code, at }) => `${code} ${at}`);

describe('a value that is resolved passes what a literal passes', () => {
  it.each<[string, JsonObject, JsonObject]>([
    [
      'AWS::RDS::DBInstance',
      { BackupRetentionPeriod: '0', MonitoringInterval: '60' },
      { BackupRetentionPeriod: 0, MonitoringInterval: 60 },
    ],
    [
      'AWS::RDS::DBInstance',
      { PubliclyAccessible: 'True', MultiAZ: 'FALSE', DeletionProtection: 'false' },
      { PubliclyAccessible: true, MultiAZ: false, DeletionProtection: false },
    ],
    [
      'AWS::RDS::DBInstance',
      { StorageType: 'GP3', AllocatedStorage: 200 },
      { StorageType: 'gp3', AllocatedStorage: '200' },
    ],
    [
      'AWS::S3::Bucket',
      { LifecycleConfiguration: { Rules: [{ Status: 'enabled', ExpirationInDays: '1' }] } },
      { LifecycleConfiguration: { Rules: [{ Status: 'Enabled', ExpirationInDays: 1 }] } },
    ],
    [
      'AWS::EC2::Instance',
      { MetadataOptions: { HttpPutResponseHopLimit: '64' }, UserData: 'a\nb', Tags: { n: 7 } },
      { MetadataOptions: { HttpPutResponseHopLimit: 64 }, UserData: 'a\nb', Tags: { n: '7' } },
    ],
    [
      'AWS::EC2::SecurityGroup',
      { SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: '22', ToPort: 22, CidrIp: { $unknown: 'X.Y' } }] },
      { SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: { $unknown: 'X.Y' } }] },
    ],
  ])('%s %j', (type, given, wanted) => {
    expect(fit(type, given)).toEqual({ properties: wanted, misfits: [] });
  });

  it.each<[string, JsonObject, readonly string[]]>([
    ['AWS::RDS::DBInstance', { BackupRetentionPeriod: 'seven' }, ['wrong-type BackupRetentionPeriod']],
    ['AWS::RDS::DBInstance', { BackupRetentionPeriod: '0x0' }, ['wrong-type BackupRetentionPeriod']],
    ['AWS::RDS::DBInstance', { BackupRetentionPeriod: '1.5' }, ['wrong-type BackupRetentionPeriod']],
    ['AWS::RDS::DBInstance', { BackupRetentionPeriod: true }, ['wrong-type BackupRetentionPeriod']],
    ['AWS::RDS::DBInstance', { PubliclyAccessible: '1' }, ['wrong-type PubliclyAccessible']],
    ['AWS::RDS::DBInstance', { StorageType: 'gp9' }, ['value-not-allowed StorageType']],
    [
      'AWS::RDS::DBInstance',
      { DBInstanceClass: ['a'], VPCSecurityGroups: 'sg-1' },
      ['wrong-type DBInstanceClass', 'wrong-type VPCSecurityGroups'],
    ],
    ['AWS::RDS::DBInstance', { MasterUserPassword: 'from a tag' }, ['literal-secret MasterUserPassword']],
    [
      'AWS::EC2::SecurityGroup',
      { SecurityGroupIngress: [{ CidrIp: '10.0.0.0/8', Nonsense: 1 }] },
      ['unknown-property SecurityGroupIngress.0.Nonsense', 'missing-property SecurityGroupIngress.0'],
    ],
    [
      'AWS::EC2::SecurityGroup',
      { GroupDescription: 'a\u202eb', Tags: { long: 'x'.repeat(257) } },
      ['unsafe-character GroupDescription', 'tag-limit Tags.long'],
    ],
  ])('%s %j', (type, given, wanted) => {
    expect(codesOf(type, given)).toEqual(wanted);
  });

  it('what every type has today fits as it is', () => {
    expect(
      fit('AWS::S3::Bucket', {
        BucketName: 'b',
        Tags: { a: 'b' },
        VersioningConfiguration: { Status: 'Enabled' },
        CorsConfiguration: null,
      }).properties,
    ).toEqual({
      BucketName: 'b',
      Tags: { a: 'b' },
      VersioningConfiguration: { Status: 'Enabled' },
      CorsConfiguration: null,
    });
  });
});

describe('in a plan', () => {
  const world = () =>
    createMemoryWorld({
      seed: [
        { type: NETWORK, identity: 'n-1', properties: {} },
        {
          type: DATABASE,
          identity: 'db',
          properties: { DatabaseName: 'db', Engine: 'postgres', Class: 'a', Retention: 7, Protected: true },
        },
      ],
    });
  const holder = (v: string): EntrySample => ({
    address: 'H',
    type: GROUP,
    action: 'create',
    properties: { NetworkId: 'n-1', Tags: { v } },
  });
  const update = (properties: JsonObject): EntrySample => ({
    address: 'D',
    type: DATABASE,
    action: 'update',
    id: 'db',
    reason: 'r',
    properties,
  });
  const tag: Json = { 'Fn::GetAtt': ['H', 'Tags.v'] };

  it('the text of a tag is coerced, judged and confirmed as the literal is', async () => {
    const planned = await planFor(world(), [holder('0'), update({ Retention: tag })]);
    expect(stepOf(planned, 'D')).toMatchObject({
      confirm: 'db',
      blocked: true,
      destruction: { loses: ['backups older than 0 days are deleted (kept 7 days until now)'] },
      changes: [{ path: 'Retention', before: 7, after: 0, effect: 'destructive' }],
    });
    expect(codes(planned, 'D')).toEqual(['accept-loss-needed']);
    expect(planned.work.get('D')?.desired['Retention']).toBe(0);
  });
  it('nothing of it passes without a person, whatever the configuration allows', async () => {
    for (const properties of [
      { Public: tag },
      { Public: { 'Fn::GetAtt': ['H', 'GroupId'] } },
      { Protected: tag },
    ] as JsonObject[]) {
      const planned = await planFor(
        world(),
        [holder(properties['Protected'] === undefined ? 'True' : 'False'), update(properties)],
        { configuration: { allowYes: true } },
      );
      expect([properties, needed(planned.plan).confirmations.map(({ id }) => id)]).toEqual([properties, ['D']]);
    }
  });
  it('a text that is none is an error that says where it comes from', async () => {
    const planned = await planFor(world(), [holder('lots'), update({ Retention: tag })]);
    expect(planned.plan.findings.find(({ code }) => code === 'wrong-type')?.message).toBe(
      'Retention: "lots" is text; a whole number is expected (it comes from !GetAtt H.Tags.v)',
    );
  });
  it('a value that only the run makes counts as what its rules look for', async () => {
    const planned = await planFor(world(), [holder('0'), update({ Protected: { 'Fn::GetAtt': ['H', 'GroupId'] } })]);
    expect(stepOf(planned, 'D')).toMatchObject({
      confirm: 'db',
      destruction: {
        loses: ['Protected is known only after H.GroupId; it may mean this: the database can be deleted afterwards'],
      },
    });
  });
});
