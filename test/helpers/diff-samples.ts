import type { Step } from '../../src/domain/plan.ts';
import { baseStep, createBucket, deleteDatabase, grantStep, kept } from './sample-plan.ts';
import type { AttributeChange } from '../../src/domain/attribute-change.ts';

const rule = (port: number, range: string): AttributeChange['before'] => ({
  IpProtocol: 'tcp',
  FromPort: port,
  ToPort: port,
  CidrIp: range,
});

/** One step for each way in which changes can look. */
export const rulesStep: Step = {
  ...grantStep,
  id: 'WebGroup',
  dependsOn: ['Network'],
  destruction: { loses: ['ingress rule revoked: tcp 22 from 0.0.0.0/0; traffic that relies on it stops'] },
  when: 'now',
  evidence: {
    binding: {
      protections: [],
      dependents: [
        { type: 'AWS::EC2::Instance', identity: 'i-0aaa' },
        { type: 'AWS::EC2::Instance', identity: 'i-0bbb' },
        { type: 'AWS::EC2::SecurityGroup', identity: 'sg-0ccc' },
      ],
      attached: ['eni-1 (of i-0aaa)'],
    },
    observed: { creator: 'alexey' },
  },
  capture: { how: 'config', what: 'its configuration, in the journal' },
  changes: [
    {
      path: 'SecurityGroupIngress[tcp 22 22 0.0.0.0/0]',
      before: rule(22, '0.0.0.0/0'),
      after: null,
      effect: 'destructive',
      notes: ['ingress rule revoked: tcp 22 from 0.0.0.0/0; traffic that relies on it stops'],
    },
    {
      path: 'SecurityGroupIngress[tcp 443 443 0.0.0.0/0]',
      before: null,
      after: rule(443, '0.0.0.0/0'),
      effect: 'grant',
      notes: ['tcp 443 from 0.0.0.0/0: everyone on the internet may connect'],
    },
    {
      path: 'SecurityGroupIngress[tcp 80 80 10.0.0.0/8].Description',
      before: 'old proxy',
      after: 'health checks',
      effect: 'in-place',
    },
    { path: 'Tags.owner', before: 'ana', after: null, effect: 'in-place' },
    { path: 'Tags.team', before: null, after: 'platform', effect: 'in-place' },
  ],
};

const databaseStep: Step = {
  ...deleteDatabase,
  id: 'GrowDb',
  action: 'update',
  declared: 'update',
  destruction: null,
  confirm: null,
  interrupts: true,
  when: 'window',
  dependsOn: ['WebGroup', 'Keys'],
  oneWay: ['AllocatedStorage: storage grows and never shrinks'],
  calls: ['rds:CreateDBSnapshot', 'rds:ModifyDBInstance'],
  evidence: {
    binding: {
      protections: ['DeletionProtection'],
      dependents: 'unknown',
      backups: { manual: 'some', automated: 'unknown' },
    },
    observed: {
      created: '2023-09-20T09:12:00Z',
      bytes: 107_374_182_400,
      manualSnapshots: 3,
      newestSnapshot: '2026-02-26T03:10:00Z',
      lastUse: 'unknown',
    },
  },
  recoverability: {
    level: 'restorable',
    loses: ['AllocatedStorage: storage grows and never shrinks', 'writes after the snapshot'],
  },
  changes: [
    {
      path: 'AllocatedStorage',
      before: '100',
      after: '200',
      effect: 'in-place',
      notes: ['storage grows and never shrinks'],
    },
    { path: 'BackupRetentionPeriod', before: 1, after: 14, effect: 'in-place' },
    {
      path: 'DBInstanceClass',
      before: 'db.m5.large',
      after: 'db.m7g.large',
      effect: 'restart',
      notes: ['interrupts the service'],
    },
    {
      path: 'MasterUserPassword',
      before: { $masked: 'unknown' },
      after: { $masked: 'changed', source: 'env AIPLAN_SECRET_DB' },
      effect: 'in-place',
    },
    { path: 'VPCSecurityGroups[sg-0a1b2c3d]', before: 'sg-0a1b2c3d', after: null, effect: 'in-place' },
    {
      path: 'VPCSecurityGroups[WebGroup.GroupId]',
      before: null,
      after: { $unknown: 'WebGroup.GroupId' },
      effect: 'in-place',
    },
  ],
};

const statement = (sid: string, more: object = {}): Record<string, never> =>
  ({
    Sid: sid,
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::123456789012:root' },
    Action: ['s3:GetObject', 's3:ListBucket'],
    Resource: 'arn:aws:s3:::courses/*',
    ...more,
  }) as unknown as Record<string, never>;

const policyStep: Step = {
  ...grantStep,
  id: 'CoursesPolicy',
  type: 'AWS::S3::BucketPolicy',
  identity: 'courses',
  dependsOn: ['WebGroup'],
  calls: ['s3:PutBucketPolicy'],
  changes: [
    {
      path: 'PolicyDocument',
      effect: 'grant',
      notes: ['everyone may read the objects'],
      before: {
        Version: '2012-10-17',
        Statement: [
          statement('Read'),
          statement('Backup', { Action: 's3:PutObject' }),
          statement('Old', { Effect: 'Deny', Action: 's3:DeleteObject' }),
          {
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:*',
            Resource: ['arn:aws:s3:::courses', 'arn:aws:s3:::courses/*'],
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          },
        ],
      },
      after: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:*',
            Resource: ['arn:aws:s3:::courses/*', 'arn:aws:s3:::courses'],
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          },
          statement('Backup', { Action: 's3:PutObject' }),
          statement('Read', {
            Principal: '*',
            Action: ['s3:ListBucket', 's3:GetObject', 's3:GetObjectVersion'],
            Condition: { StringEquals: { 'aws:SourceVpc': ['vpc-1', 'vpc-2'] } },
          }),
          statement('Write', { Action: 's3:PutObjectAcl' }),
        ],
      },
    },
  ],
};

const nginx =
  'server {\n  listen 80;\n  server_name courses.example.com;\n  root /var/www;\n  index index.html;\n\n  location / {\n    proxy_pass http://localhost:8080;\n    proxy_read_timeout 30s;\n  }\n\n  location /health {\n    return 200;\n  }\n  access_log off;\n}\n';

const textStep: Step = {
  ...baseStep,
  id: 'Texts',
  type: 'AWS::EC2::Instance',
  identity: 'i-0123456789abcdef0',
  action: 'update',
  declared: 'update',
  grant: { opens: ['the user data runs as root (or Administrator) on the instance'] },
  confirm: 'bcdef0',
  changes: [
    {
      path: 'Config',
      before: nginx,
      after: nginx
        .replace('localhost:8080', 'localhost:9090')
        .replace('  root /var/www;\n', '')
        .replace('off;\n}', 'off;\n  error_log on;\n}'),
      effect: 'in-place',
    },
    {
      path: 'Description',
      before: 'The web server of the course platform, kept running by the platform team',
      after: 'The web server of the courses, kept running by the new platform team',
      effect: 'in-place',
    },
    { path: 'Tags.note', before: 'x'.repeat(10_000), after: null, effect: 'in-place' },
    {
      path: 'UserData',
      before: { $masked: 'set', digest: 'sha256:1' },
      after: { $masked: 'set', digest: 'sha256:2' },
      effect: 'grant',
      notes: ['the user data runs as root (or Administrator) on the instance'],
      authored: '#!/bin/bash\n\tyum install -y nginx\n\nsystemctl start nginx\n',
    },
  ],
};

const listStep: Step = {
  ...baseStep,
  id: 'Lists',
  type: 'AWS::S3::Bucket',
  identity: 'courses',
  action: 'update',
  declared: 'update',
  changes: [
    {
      path: 'CorsConfiguration.CorsRules[a].AllowedMethods',
      before: ['GET', 'HEAD'],
      after: ['PUT', 'GET'],
      effect: 'in-place',
    },
    {
      path: 'DomainDnsIps',
      before: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'],
      after: ['10.0.0.4', '10.0.0.1', '10.0.0.2', '10.0.0.9'],
      effect: 'in-place',
    },
    {
      path: 'LifecycleConfiguration',
      before: null,
      after: {
        Rules: [
          { Id: 'expire', Status: 'Enabled', ExpirationInDays: 1, Prefix: 'tmp/' },
          { Id: 'archive', Status: 'Enabled', Transitions: [{ StorageClass: 'GLACIER', TransitionInDays: 30 }] },
        ],
      },
      effect: 'destructive',
      notes: ['objects below tmp/ expire after 1 day'],
    },
    {
      path: 'WebsiteConfiguration.RoutingRules',
      before: [
        { RedirectRule: { HostName: 'a.example.com', Protocol: 'https' } },
        { RedirectRule: { HostName: 'b.example.com' } },
      ],
      after: [
        { RedirectRule: { HostName: 'c.example.com', Protocol: 'https' } },
        { RedirectRule: { HostName: 'b.example.com' } },
      ],
      effect: 'in-place',
    },
  ],
};

export const diffSteps: readonly Step[] = [
  deleteDatabase,
  rulesStep,
  policyStep,
  textStep,
  databaseStep,
  listStep,
  createBucket,
  kept,
];
