import type { Plan, Step } from '../../src/domain/plan.ts';

const base: Step = {
  id: 'Thing',
  type: 'AWS::S3::Bucket',
  identity: null,
  digest: 'sha256:00',
  action: 'create',
  declared: 'create',
  blocked: false,
  changes: [],
  confirm: null,
  destruction: null,
  grant: null,
  evidence: { binding: {}, observed: {} },
  capture: { how: 'config', what: 'nothing exists yet' },
  recoverability: { level: 'reversible', loses: [] },
  calls: [],
  dependsOn: [],
  source: { line: 1, column: 1 },
  reason: null,
  acceptLoss: null,
  incarnation: null,
  interrupts: false,
  oneWay: [],
  when: null,
  leftovers: [],
};

export const sampleTime = Date.parse('2026-02-26T22:50:00Z');

export const deleteDatabase: Step = {
  ...base,
  id: 'CoursesDb',
  type: 'AWS::RDS::DBInstance',
  identity: 'courses-prod',
  digest: 'sha256:db',
  action: 'delete',
  declared: 'delete',
  confirm: 'courses-prod',
  destruction: { loses: ['the database and everything written after its snapshot'] },
  evidence: {
    binding: { protections: [], dependents: [{ type: 'AWS::EC2::Instance', identity: 'i-0aaa' }], encrypted: true },
    observed: { created: '2023-09-20T09:12:00Z', bytes: 107_374_182_400, lastUse: 'unknown' },
  },
  capture: { how: 'native', what: 'a DB snapshot before, and a final snapshot' },
  recoverability: { level: 'restorable', loses: ['writes after the final snapshot'] },
  calls: ['rds:CreateDBSnapshot', 'rds:DeleteDBInstance'],
  reason: 'a duplicate that the migration left behind',
  incarnation: 'db-ABC',
};
export const grantStep: Step = {
  ...base,
  id: 'WebGroup',
  type: 'AWS::EC2::SecurityGroup',
  identity: 'sg-0a1b2c3d',
  digest: 'sha256:sg',
  action: 'update',
  declared: 'update',
  confirm: '1b2c3d',
  grant: { opens: ['port 443 to everyone'] },
  changes: [
    {
      path: 'SecurityGroupIngress[tcp 443 443 0.0.0.0/0]',
      before: null,
      after: { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' },
      effect: 'grant',
      notes: ['opens port 443 to everyone'],
    },
  ],
  calls: ['ec2:AuthorizeSecurityGroupIngress'],
  reason: 'the site is public',
};
export const createBucket: Step = {
  ...base,
  id: 'SiteBucket',
  identity: null,
  digest: 'sha256:b',
  calls: ['s3:CreateBucket'],
  changes: [{ path: 'BucketName', before: null, after: 'aishippinglabs-site', effect: 'in-place' }],
};
export const kept: Step = {
  ...base,
  id: 'Logs',
  identity: 'logs',
  action: 'keep',
  declared: 'update',
  digest: 'sha256:k',
};

export function samplePlan(
  steps: readonly Step[] = [createBucket, grantStep, kept, deleteDatabase],
  over: Partial<Plan> = {},
): Plan {
  const count = (action: Step['action']): number => steps.filter((step) => step.action === action).length;
  return {
    format: 'aiplan/plan@1',
    digest: `sha256:${'a'.repeat(64)}`,
    name: 'shared-platform-move',
    intent: 'Move the site onto the shared platform.',
    target: {
      account: '123456789012',
      region: 'eu-west-1',
      caller: 'arn:aws:iam::123456789012:user/alexey',
      endpoint: null,
      alias: 'production',
    },
    createdAt: '2026-02-26T22:45:00Z',
    expiresAt: '2026-02-26T23:45:00Z',
    changePlan: 'aiplan: 1\n',
    configuration: {},
    recorded: false,
    rollbackOf: null,
    assume: [],
    author: { agent: 'an agent' },
    steps,
    findings: [],
    summary: {
      create: count('create'),
      update: count('update'),
      replace: count('replace'),
      delete: count('delete'),
      keep: count('keep'),
      blocked: steps.filter((step) => step.blocked).length,
      destructions: steps.filter((step) => step.destruction !== null).length,
      grants: steps.filter((step) => step.grant !== null).length,
    },
    ...over,
  };
}
export { base as baseStep };
