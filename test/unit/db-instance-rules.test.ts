import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { fields } from '../../providers/rds/db-instance/fields.ts';
import { dbParameterGroup } from '../../providers/rds/db-parameter-group.ts';
import { dbSubnetGroup } from '../../providers/rds/db-subnet-group.ts';
import { dbInstanceRules } from '../../providers/rds/db-instance/rules.ts';
import { isDowngrade, majorVersion } from '../../providers/rds/engine-version.ts';
import type { Json } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ChangeRule } from '../../src/domain/resource-type.ts';
import { liveDatabase } from '../helpers/rds-samples.ts';

const hits = (
  rules: readonly ChangeRule[],
  path: string,
  before: Json | undefined,
  after: Json | undefined,
  live: LiveResource | null = liveDatabase,
): readonly string[] =>
  rules
    .filter(
      (rule) =>
        rule.path === path && (rule.given?.(before, live) ?? true) && (rule.when?.(before, after, live) ?? true),
    )
    .map((rule) => `${rule.irreversible === true ? '! ' : ''}${rule.says(before, after, live)}`);
const reaching = (days: number): LiveResource => ({
  ...liveDatabase,
  observed: {
    earliestRestorable: '2026-11-01T00:00:00.000Z',
    latestRestorable: new Date(Date.UTC(2026, 10, 1 + days)).toISOString(),
  },
});

describe('what is destroyed by a change of a database', () => {
  const destroyed = (path: string, before: Json | undefined, after: Json | undefined, live?: LiveResource) =>
    hits(dbInstanceRules.destructive, path, before, after, live);
  const cases: readonly [string, Json | undefined, Json | undefined, RegExp][] = [
    ['DeletionProtection', true, false, /can be deleted/u],
    ['BackupRetentionPeriod', 14, 0, /^! all automated backups are deleted.*14 days/u],
    ['MultiAZ', true, false, /standby/u],
    ['CopyTagsToSnapshot', true, false, /no tags/u],
    ['EnableCloudwatchLogsExports.*', 'postgresql', null, /"postgresql" is no longer exported/u],
    ['EnablePerformanceInsights', true, false, /^! the recorded performance history/u],
    ['PerformanceInsightsRetentionPeriod', 31, 7, /^! .*older than 7 days/u],
    ['ManageMasterUserPassword', true, false, /^! RDS deletes the secret/u],
    ['OptionGroupName', 'audited', 'plain', /^the options of plain count instead of those of audited: .*auditing/u],
    ['VPCSecurityGroups.*', 'sg-1', undefined, /leaves sg-1/u],
    ['AutoMinorVersionUpgrade', true, false, /security fixes/u],
    ['MaxAllocatedStorage', 1000, undefined, /grows by itself no more/u],
    ['MaxAllocatedStorage', 1000, 200, /to 200 GiB only, not to 1000/u],
    ['MonitoringInterval', 60, 0, /Enhanced Monitoring is switched off/u],
    ['MonitoringRoleArn', 'arn:aws:iam::123456789012:role/m', undefined, /Enhanced Monitoring ends/u],
    ['EnableIAMDatabaseAuthentication', true, false, /IAM principal/u],
    [
      'AssociatedRoles.*',
      { FeatureName: 's3Import', RoleArn: 'arn:r' },
      undefined,
      /no longer acts as the role arn:r/u,
    ],
    ['Domain', 'd-1', undefined, /users of the directory d-1/u],
    ['DatabaseInsightsMode', 'advanced', 'standard', /^! .*is lost/u],
    [
      'EngineLifecycleSupport',
      'open-source-rds-extended-support',
      'open-source-rds-extended-support-disabled',
      /upgrades the engine by itself/u,
    ],
    [
      'DBParameterGroupName',
      'strict-tls',
      'default.postgres15',
      /^the parameters of default\.postgres15 count instead of those of strict-tls: .*rds\.force_ssl/u,
    ],
  ];
  it.each(cases)('%s from %j to %j', (path, before, after, text) => {
    const said = destroyed(path, before, after);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(text);
  });
  it.each([
    ['DeletionProtection', false, true],
    ['DeletionProtection', undefined, false],
    ['BackupRetentionPeriod', 7, 14],
    ['BackupRetentionPeriod', 0, 7],
    ['MultiAZ', false, true],
    ['CopyTagsToSnapshot', false, true],
    ['EnableCloudwatchLogsExports.*', null, 'upgrade'],
    ['EnablePerformanceInsights', false, true],
    ['PerformanceInsightsRetentionPeriod', 7, 31],
    ['ManageMasterUserPassword', false, true],
    ['DBParameterGroupName', 'Strict', 'strict'],
    ['DBParameterGroupName', undefined, 'strict'],
    ['OptionGroupName', 'Audited', 'audited'],
    ['VPCSecurityGroups.*', undefined, 'sg-1'],
    ['AutoMinorVersionUpgrade', false, true],
    ['MaxAllocatedStorage', 200, 1000],
    ['MaxAllocatedStorage', undefined, 1000],
    ['MonitoringInterval', 0, 60],
    ['MonitoringInterval', 60, 5],
    ['AssociatedRoles.*', undefined, { RoleArn: 'arn:r' }],
    ['DatabaseInsightsMode', 'standard', 'advanced'],
  ] as readonly [string, Json | undefined, Json | undefined][])(
    'nothing by %s from %j to %j',
    (path, before, after) => {
      expect(destroyed(path, before, after)).toEqual([]);
    },
  );
  it('a lower retention is irreversible only where older backups exist, or where that is not known', () => {
    expect(destroyed('BackupRetentionPeriod', 14, 7, reaching(14))[0]).toMatch(
      /^! automated backups older than 7 days are deleted \(kept 14 days until now, the oldest from 2026-11-01/u,
    );
    expect(destroyed('BackupRetentionPeriod', 14, 7)[0]).toMatch(/^! automated backups older than 7 days/u);
    expect(destroyed('BackupRetentionPeriod', 14, 7, reaching(7))).toEqual([
      'automated backups will be kept 7 days instead of 14; none of the present ones is older',
    ]);
  });
  it('copying no tags loses nothing where there are none', () => {
    expect(destroyed('CopyTagsToSnapshot', true, false, { ...liveDatabase, properties: { Tags: {} } })).toEqual([]);
  });
});

describe('what is granted by a change of a database', () => {
  const granted = (
    path: string,
    before: Json | undefined,
    after: Json | undefined,
    live: LiveResource | null = liveDatabase,
  ) => hits(dbInstanceRules.grants, path, before, after, live);
  it.each([
    ['PubliclyAccessible', false, true, /from the internet/u],
    ['EnableIAMDatabaseAuthentication', false, true, /rds-db:connect/u],
    ['MasterUserPassword', null, { $masked: 'changed' }, /master user/u],
    ['ManageMasterUserPassword', false, true, /Secrets Manager/u],
    ['MonitoringRoleArn', null, 'arn:role/m', /arn:role\/m/u],
    [
      'AssociatedRoles.*',
      null,
      { FeatureName: 's3Import', RoleArn: 'arn:role/i' },
      /the role arn:role\/i for s3Import/u,
    ],
    [
      'AssociatedRoles.*',
      { FeatureName: 's3Import', RoleArn: 'arn:role/a' },
      { FeatureName: 's3Import', RoleArn: 'arn:role/b' },
      /arn:role\/b/u,
    ],
    ['VPCSecurityGroups.*', null, 'sg-b', /rules of sg-b admit/u],
    ['Domain', null, 'd-1', /d-1/u],
    ['DomainFqdn', 'a.example', 'b.example', /b\.example/u],
    ['CustomIAMInstanceProfile', undefined, 'AWSRDSCustom', /AWSRDSCustom/u],
  ] as readonly [string, Json | undefined, Json | undefined, RegExp][])(
    '%s from %j to %j',
    (path, before, after, text) => {
      const said = granted(path, before, after);
      expect(said).toHaveLength(1);
      expect(said[0]).toMatch(text);
    },
  );
  it.each([
    ['PubliclyAccessible', true, false],
    ['EnableIAMDatabaseAuthentication', true, false],
    ['MonitoringRoleArn', 'arn:role/m', null],
    ['AssociatedRoles.*', { FeatureName: 'a', RoleArn: 'r' }, null],
    ['VPCSecurityGroups.*', 'sg-b', null],
    ['Domain', 'd-1', null],
    ['ManageMasterUserPassword', true, false],
  ] as readonly [string, Json | undefined, Json | undefined][])(
    'nothing by %s from %j to %j',
    (path, before, after) => {
      expect(granted(path, before, after)).toEqual([]);
    },
  );
  it('an empty new database gives nothing away by its password, groups or sign-in, but does by roles and a public address', () => {
    for (const [path, value] of [
      ['MasterUserPassword', { $secret: { env: 'X' } }],
      ['VPCSecurityGroups.*', 'sg-a'],
      ['EnableIAMDatabaseAuthentication', true],
      ['ManageMasterUserPassword', true],
    ] as const)
      expect(granted(path, undefined, value, null)).toEqual([]);
    expect(granted('PubliclyAccessible', undefined, true, null)).toHaveLength(1);
    expect(granted('MonitoringRoleArn', undefined, 'arn:role/m', null)).toHaveLength(1);
    expect(granted('AssociatedRoles.*', undefined, { FeatureName: 's3Import', RoleArn: 'r' }, null)).toHaveLength(1);
  });
});

describe('what an update may do', () => {
  const effect = (property: string, before?: Json, after?: Json) => {
    const rule = dbInstanceRules.properties[property]?.update;
    return typeof rule === 'function' ? rule(before, after, liveDatabase) : rule;
  };
  it('storage grows, one way, and never shrinks', () => {
    expect(effect('AllocatedStorage', '100', '200')).toBe('in-place');
    expect(effect('AllocatedStorage', '200', '100')).toEqual({
      blocked:
        'AllocatedStorage is 200 GiB and RDS storage never shrinks; for 100 GiB create another database and move the data',
    });
    expect(dbInstanceRules.properties['AllocatedStorage']?.oneWay).toMatch(/never shrinks/u);
    expect(dbInstanceRules.compare['AllocatedStorage']).toBe('at-least');
  });
  it('the engine goes forward only', () => {
    expect(effect('EngineVersion', '15.4', '16.1')).toBe('restart');
    expect(effect('EngineVersion', '15.4', '15.10')).toBe('restart');
    expect(effect('EngineVersion', '15.10', '15.4')).toEqual({
      blocked: 'the engine runs 15.10 and RDS never goes back to an older version such as 15.4',
    });
    expect(dbInstanceRules.properties['EngineVersion']?.oneWay).toBeDefined();
  });
  it('backups going on or off interrupt, another retention does not', () => {
    expect([
      effect('BackupRetentionPeriod', 0, 7),
      effect('BackupRetentionPeriod', 7, 0),
      effect('BackupRetentionPeriod', 7, 14),
    ]).toEqual(['restart', 'restart', 'in-place']);
  });
  it('a key of Performance Insights can be given once', () => {
    expect(effect('PerformanceInsightsKMSKeyId', undefined, 'k')).toBe('in-place');
    expect(effect('PerformanceInsightsKMSKeyId', 'k', undefined)).toBe('in-place');
    expect(effect('PerformanceInsightsKMSKeyId', 'k', 'l')).toEqual({
      blocked: 'the key of Performance Insights cannot be changed once it is set',
    });
  });
  it('asks for `when` exactly where AWS may defer, and restarts where AWS does', () => {
    const deferrable = Object.entries(dbInstanceRules.properties)
      .filter(([, rule]) => rule.deferrable === true)
      .map(([name]) => name);
    expect(deferrable).toEqual([
      'AllocatedStorage',
      'BackupRetentionPeriod',
      'CACertificateIdentifier',
      'DBInstanceClass',
      'DedicatedLogVolume',
      'EnableIAMDatabaseAuthentication',
      'EngineVersion',
      'Iops',
      'LicenseModel',
      'MultiAZ',
      'NetworkType',
      'OptionGroupName',
      'ProcessorFeatures',
      'StorageThroughput',
      'StorageType',
    ]);
    expect(effect('Port')).toBe('restart');
    expect(effect('DBInstanceClass')).toBe('restart');
    for (const name of [
      'DBInstanceIdentifier',
      'StorageEncrypted',
      'KmsKeyId',
      'MasterUsername',
      'DBName',
      'AvailabilityZone',
      'DBSubnetGroupName',
      'Engine',
    ])
      expect(effect(name)).toBeUndefined();
    expect(dbInstanceRules.replaceBlocked).toMatch(/never replaced/u);
  });
  it('knows the same and a similar database', () => {
    expect(dbInstanceRules.duplicate({ DBInstanceIdentifier: 'Courses-PROD' }, liveDatabase)).toBe('same');
    expect(
      dbInstanceRules.duplicate(
        { DBInstanceIdentifier: 'courses-2', Engine: 'postgres', DBName: 'courses', MasterUsername: 'root' },
        liveDatabase,
      ),
    ).toBe('similar');
    expect(
      dbInstanceRules.duplicate(
        { DBInstanceIdentifier: 'shop', Engine: 'postgres', DBName: 'shop', MasterUsername: 'root' },
        liveDatabase,
      ),
    ).toBeNull();
    const named = { ...liveDatabase, properties: { ...liveDatabase.properties, Tags: { Name: 'courses' } } };
    expect(dbInstanceRules.duplicate({ DBInstanceIdentifier: 'x', Tags: { Name: 'courses' } }, named)).toBe('similar');
  });
  it('reads versions as engines count them', () => {
    expect(
      ['postgres 9.6.24', 'postgres 15.4', 'mysql 8.0.35', 'oracle-ee 19.0.0.0', 'sqlserver-se 15.00.4345'].map(
        (text) => majorVersion(...(text.split(' ') as [string, string])),
      ),
    ).toEqual(['9.6', '15', '8.0', '19', '15']);
    expect([
      isDowngrade('15.4', '15'),
      isDowngrade('15', '15.4'),
      isDowngrade('16.1', '15.9'),
      isDowngrade(undefined, '1'),
    ]).toEqual([false, false, true, false]);
  });
});

describe("AWS's registry", () => {
  it.each([
    ['AWS::RDS::DBInstance', dbInstanceRules],
    ['AWS::RDS::DBSubnetGroup', dbSubnetGroup.rules],
    ['AWS::RDS::DBParameterGroup', dbParameterGroup.rules],
  ] as const)('knows every property of %s that the rules speak of', (type, rules) => {
    const known = Object.keys(loadSchema(type)?.properties ?? {});
    const spoken = [
      ...Object.keys(rules.properties),
      ...[
        ...Object.keys(rules.compare),
        ...Object.keys(rules.keys),
        ...rules.secretInput,
        ...rules.volatile,
        ...rules.destructive.map(({ path }) => path),
        ...rules.grants.map(({ path }) => path),
      ].map((path) => path.split('.')[0] ?? ''),
    ];
    expect(spoken.filter((name) => !known.includes(name))).toEqual([]);
  });
  it('has a field for every property but tags and roles, and no field without a property', () => {
    expect(Object.keys(dbInstanceRules.properties).filter((name) => !(name in fields))).toEqual([
      'AssociatedRoles',
      'MasterUserSecret',
      'Tags',
    ]);
    expect(Object.keys(fields).filter((name) => !(name in dbInstanceRules.properties))).toEqual([]);
  });
});

describe('keys, secrets and roles of others', () => {
  const scene = { account: '123456789012', after: {}, find: () => undefined };
  const key = (account: string): string => `arn:aws:kms:eu-west-1:${account}:key/k`;
  const opened = (path: string, before: Json | undefined, after: Json | undefined, live: LiveResource | null): number =>
    dbInstanceRules.grants.filter(
      (rule) =>
        rule.path === path && (rule.given?.(before, live) ?? true) && (rule.when?.(before, after, live, scene) ?? true),
    ).length;
  it.each<[string, Json | undefined, Json, boolean, number]>([
    ['KmsKeyId', undefined, key('666666666666'), true, 1],
    ['KmsKeyId', undefined, key('123456789012'), true, 0],
    ['KmsKeyId', undefined, 'alias/own', true, 0],
    ['PerformanceInsightsKMSKeyId', undefined, key('666666666666'), false, 1],
    ['MasterUserSecret.KmsKeyId', undefined, key('666666666666'), true, 1],
    ['MasterUserSecret.KmsKeyId', undefined, key('123456789012'), true, 0],
    ['MasterUserSecret.KmsKeyId', key('123456789012'), 'alias/other', false, 1],
    ['DomainAuthSecretArn', undefined, 'arn:aws:secretsmanager:eu-west-1:666666666666:secret:s', false, 1],
    ['DomainDnsIps.*', undefined, '203.0.113.9', false, 1],
    ['DomainIAMRoleName', 'a', 'b', false, 1],
    ['DBClusterIdentifier', undefined, 'prod', true, 1],
  ])('%s from %s to %s (created: %s) counts %s times', (path, before, after, created, number) => {
    expect(opened(path, before, after, created ? null : liveDatabase)).toBe(number);
  });

  const once = (path: string, before: Json | undefined, after: Json | undefined): number =>
    (dbInstanceRules.oneWay ?? []).filter(
      (rule) =>
        rule.path === path &&
        (rule.given?.(before, liveDatabase) ?? true) &&
        (rule.when?.(before, after, liveDatabase) ?? true),
    ).length;
  it('less storage performance stays for six hours', () => {
    expect([
      once('Iops', 12_000, 3000),
      once('Iops', 3000, 12_000),
      once('Iops', 3000, undefined),
      once('StorageType', 'io2', 'gp3'),
      once('StorageType', 'gp2', 'gp3'),
    ]).toEqual([1, 0, 1, 1, 0]);
  });
  it('magnetic storage, and a maintenance window while changes wait, interrupt', () => {
    const effect = (name: string, before: Json, after: Json, live = liveDatabase): unknown => {
      const update = dbInstanceRules.properties[name]?.update;
      return typeof update === 'function' ? update(before, after, live) : update;
    };
    expect([effect('StorageType', 'standard', 'gp3'), effect('StorageType', 'gp2', 'gp3')]).toEqual([
      'restart',
      'in-place',
    ]);
    expect(
      effect('PreferredMaintenanceWindow', 'a', 'b', { ...liveDatabase, pending: { DBInstanceClass: 'db.m7g.large' } }),
    ).toBe('restart');
    // What maintenance AWS wants to do was not read: a window that is now may begin it.
    expect(effect('PreferredMaintenanceWindow', 'a', 'b', { ...liveDatabase, pending: {} })).toBe('restart');
  });
});
