import { describe, expect, it } from '@jest/globals';
import { preflightBucket } from '../../providers/s3/bucket/preflight.ts';
import { updateBucket } from '../../providers/s3/configuration/configure.ts';
import { subResources } from '../../providers/s3/configuration/sub-resources.ts';
import { rules } from '../../providers/s3/rules/rules.ts';
import { canonical } from '../../src/base/digest.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { Call, Program } from '../../src/domain/call.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { loadSchema } from '../../providers/aws/schema.ts';
import { classify } from '../../src/plan/classify/classify.ts';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import { desiredProperties } from '../../src/plan/diff/desired.ts';
import { diffProperties } from '../../src/plan/diff/diff.ts';
import { invert } from '../../src/plan/diff/inverse.ts';
import { bucket } from '../../providers/s3/bucket/bucket.ts';
import type { TypeSchema } from '../../src/domain/schema.ts';
import { changesTo, contextFor, liveBucket } from '../helpers/bucket-fixture.ts';

const them = 'c'.repeat(64);
const me = { Grantee: { Type: 'CanonicalUser', ID: 'me' }, Permission: 'FULL_CONTROL' };
const shared: Json = {
  Owner: { ID: 'me' },
  Grants: [
    me,
    { Grantee: { Type: 'CanonicalUser', ID: them }, Permission: 'READ' },
    { Grantee: { Type: 'CanonicalUser', ID: them }, Permission: 'WRITE' },
    { Grantee: { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/s3/LogDelivery' }, Permission: 'WRITE' },
  ],
};
const logs: Json = {
  TargetBucket: 'logs',
  TargetPrefix: '',
  TargetGrants: [{ Grantee: { Type: 'CanonicalUser', ID: them }, Permission: 'READ' }],
};
const inventory: Json = [
  {
    Id: 'i',
    IsEnabled: true,
    IncludedObjectVersions: 'All',
    Schedule: { Frequency: 'Daily' },
    Destination: {
      S3BucketDestination: { Bucket: 'arn:aws:s3:::lists', Format: 'CSV', Encryption: { SSEKMS: { KeyId: 'arn:k' } } },
    },
  },
];
const events: Json = {
  QueueConfigurations: [{ Id: 'mine', QueueArn: 'q', Events: ['s3:ObjectCreated:Put', 's3:ObjectRemoved:Delete'] }],
};
const replication: Json = {
  Role: 'r',
  Rules: [
    {
      ID: 'a',
      Status: 'Enabled',
      Priority: 1,
      Filter: { Prefix: '' },
      Destination: { Bucket: 'arn:aws:s3:::copy' },
      ExistingObjectReplication: { Status: 'Enabled' },
    },
  ],
};

const propertiesOf = (documents: Readonly<Record<string, Json>>): JsonObject =>
  Object.assign(
    { BucketName: 'site' },
    ...subResources.flatMap((row) =>
      documents[row.name] === undefined ? [] : [row.toProperties(documents[row.name]!)],
    ),
  ) as JsonObject;

/** What the calls of an update leave of the documents of a bucket; S3's puts and deletes, one for each sub-resource. */
function applied(program: Program, documents: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  const state = { ...documents };
  let answer: unknown = null;
  for (let step = program.next(); step.done !== true; step = program.next(answer as never)) {
    const effect = step.value as { readonly call?: Call; readonly kind: string };
    const { operation, input } = effect.call as Call;
    const row = subResources.find(({ get, put, remove }) =>
      [get.operation, put.operation, 'operation' in remove ? remove.operation : ''].includes(operation),
    )!;
    answer = null;
    if (operation === row.get.operation) answer = row.name === 'acl' ? (state['acl'] ?? null) : null;
    else if (operation !== row.put.operation) delete state[row.name];
    else {
      const { Bucket: _b, ExpectedBucketOwner: _o, Id: _i, ...rest } = input as JsonObject;
      const [document = null] = Object.values(rest);
      state[row.name] =
        row.name === 'acl' && typeof document === 'string'
          ? { Owner: { ID: 'me' }, Grants: [me] }
          : row.name === 'logging'
            ? ((document as JsonObject)['LoggingEnabled'] ?? null)!
            : row.perId === true
              ? [document!]
              : document!;
    }
  }
  return Object.fromEntries(
    Object.entries(state).filter(([, document]) => document !== null && canonical(document) !== '{}'),
  );
}

const schema = loadSchema('AWS::S3::Bucket') as TypeSchema;
const sorted = (documents: Readonly<Record<string, Json>>): Json =>
  JSON.parse(
    JSON.stringify(documents, (_key, value: unknown) =>
      Array.isArray(value) ? [...(value as Json[])].sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1)) : value,
    ),
  ) as Json;

describe('what CloudFormation cannot say, taken away and put back', () => {
  it.each<[string, string, Json, JsonObject]>([
    ['an access control list with grants to others', 'acl', shared, { AccessControl: 'Private' }],
    ['grants on log objects', 'logging', logs, { LoggingConfiguration: null }],
    ['the encryption of an inventory', 'inventory', inventory, { InventoryConfigurations: [] }],
    ['the id and the events of a notification', 'notification', events, { NotificationConfiguration: null }],
    ['the replication of existing objects', 'replication', replication, { ReplicationConfiguration: null }],
  ])('%s', (_title, name, document, author) => {
    const before = liveBucket({ properties: propertiesOf({ [name]: document }) });
    const comparer = comparerFor(rules, 'AWS::S3::Bucket', 'site');
    const { desired } = desiredProperties({
      type: bucket,
      schema,
      comparer,
      before: before.properties,
      author,
      expect: undefined,
      action: 'update',
      rotates: false,
    });
    const update = (live: LiveResource, wanted: JsonObject): Program =>
      updateBucket(contextFor({ live, desired: wanted, changes: changesTo(live, wanted) }));
    const gone = applied(update(before, desired), { [name]: document });
    expect(sorted(gone)).not.toEqual(sorted({ [name]: document }));
    const after = liveBucket({ properties: propertiesOf(gone) });
    // It is a loss, and its value says what goes.
    const told = classify({
      type: bucket,
      schema,
      comparer,
      before: before.properties,
      after: desired,
      live: before,
      action: 'update',
      scene: { account: '123456789012', find: () => undefined },
    });
    expect(told.loses).not.toEqual([]);
    const { properties, lost } = invert({
      before,
      live: after,
      changes: diffProperties(before.properties, after.properties, comparer).map(({ path }) => ({
        path,
        before: null,
        after: null,
        effect: 'in-place',
      })),
      after,
      capture: null,
      rules,
      resolve: () => undefined,
    });
    expect(lost).toEqual([]);
    const back = desiredProperties({
      type: bucket,
      schema,
      comparer,
      before: after.properties,
      author: properties,
      expect: undefined,
      action: 'update',
      rotates: false,
    });
    expect(sorted(applied(update(after, back.desired), gone))).toEqual(sorted({ [name]: document }));
  });

  it('stays where an author changes something beside it', () => {
    const before = propertiesOf({ inventory, logging: logs });
    const author: JsonObject = {
      InventoryConfigurations: [
        {
          Id: 'i',
          Enabled: true,
          IncludedObjectVersions: 'All',
          ScheduleFrequency: 'Weekly',
          Destination: { BucketArn: 'arn:aws:s3:::lists', Format: 'CSV' },
        },
      ],
      LoggingConfiguration: { LogFilePrefix: 'x/' },
    };
    const { desired } = desiredProperties({
      type: bucket,
      schema,
      comparer: comparerFor(rules, 'AWS::S3::Bucket', 'site'),
      before,
      author,
      expect: undefined,
      action: 'update',
      rotates: false,
    });
    expect(canonical(desired['InventoryConfigurations'] ?? null)).toContain('arn:k');
    expect(canonical(desired['LoggingConfiguration'] ?? null)).toContain(`id=${them} READ`);
  });
});

describe('access that others lose', () => {
  const loses = (
    path: string,
    before: Json | undefined,
    after: Json | undefined,
    live = liveBucket(),
  ): readonly string[] =>
    rules.destructive
      .filter(
        (rule) =>
          rule.path === path && rule.given?.(before, live) !== false && rule.when?.(before, after, live) === true,
      )
      .map((rule) => rule.says(before, after, live));
  const custom = propertiesOf({ acl: shared })['AccessControl'];

  it('is every grant of a list that goes', () => {
    expect(loses('AccessControl', custom, 'Private')).toEqual([
      expect.stringMatching(/id=c{64} READ, id=c{64} WRITE, uri=\S+LogDelivery WRITE\.$/u),
    ]);
    expect(loses('AccessControl', 'PublicRead', 'Private')).toHaveLength(1);
    expect(loses('AccessControl', undefined, 'Private')).toEqual([expect.stringContaining('could not be read')]);
    expect([
      loses('AccessControl', 'Private', custom),
      loses('AccessControl', 'PublicRead', 'PublicReadWrite'),
    ]).toEqual([[], []]);
  });

  it('is given to them again only as a grant', () => {
    const opens = (before: Json | undefined, after: Json | undefined): boolean =>
      rules.grants.some(({ path, when }) => path === 'AccessControl' && when?.(before, after, liveBucket()) === true);
    expect([opens('Private', custom), opens(custom, 'Private'), opens('PublicReadWrite', 'PublicRead')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('is what lists gave, once they are switched off', () => {
    const owns = (ObjectOwnership: string): Json => ({ Rules: [{ ObjectOwnership }] });
    const open = liveBucket({ properties: { AccessControl: custom } });
    expect(loses('OwnershipControls', owns('ObjectWriter'), owns('BucketOwnerEnforced'), open)).toEqual([
      expect.stringContaining(`id=${them} READ`),
    ]);
    expect(loses('OwnershipControls', undefined, owns('BucketOwnerEnforced'))).toHaveLength(1);
    expect(loses('OwnershipControls', owns('BucketOwnerEnforced'), owns('ObjectWriter'))).toEqual([]);
  });

  it('is what a key keeps out: logs of other buckets, and whoever has no right to use it', () => {
    const by = (SSEAlgorithm: string): Json => ({
      ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm } }],
    });
    const bound = (binding: JsonObject): LiveResource => liveBucket({ binding });
    const closed = { acl: 'private', policy: 'none' };
    const lost = (live: LiveResource): number => loses('BucketEncryption', by('AES256'), by('aws:kms'), live).length;
    expect([
      lost(bound(closed)),
      lost(bound({ ...closed, logDelivery: 'allowed' })),
      lost(bound({ ...closed, logDelivery: 'unknown' })),
      lost(bound({ acl: 'private', policy: { access: 'public' } })),
      lost(bound({})),
    ]).toEqual([0, 1, 1, 1, 1]);
    expect(loses('BucketEncryption', by('aws:kms'), by('AES256'), bound({}))).toEqual([]);
  });

  it('has to be taken away by name before S3 switches the lists off', () => {
    const live = liveBucket({ properties: { AccessControl: custom } });
    const desired = { OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } };
    const problems = (more: JsonObject): readonly string[] => {
      const wanted = { ...live.properties, ...desired, ...more };
      const program = preflightBucket(
        contextFor({ live, desired: wanted, changes: changesTo(live, wanted) }),
        'update',
      );
      const step = program.next();
      return step.done === true ? step.value : ['asks AWS'];
    };
    expect(problems({})).toEqual([expect.stringContaining('set AccessControl to Private too')]);
    expect(problems({ AccessControl: 'Private' })).toEqual([]);
  });
});
