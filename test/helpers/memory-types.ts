import { keepSecret, look, send, until, type Program, type ReadCall } from '../../src/domain/call.ts';
import { canonical } from '../../src/base/digest.ts';
import { nameIn } from '../../src/domain/identity.ts';
import { isObject, type Json, type JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ResourceType, ResourceTypes, StepContext, TypeRules } from '../../src/domain/resource-type.ts';
import { memoryBox } from './memory-box.ts';
import { memoryLink } from './memory-link.ts';
import { readMemory } from './memory-reading.ts';
import { DATABASE, GROUP, NETWORK, NOTE } from './memory-schemas.ts';
import { judgedByRules } from './verdicts.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

const describeDatabase = (identity: string): ReadCall => ({
  service: 'rds',
  operation: 'DescribeDatabase',
  input: { DatabaseName: identity },
  absent: ['DatabaseNotFound'],
});
const tops = ({ changes }: StepContext): ReadonlySet<string> =>
  new Set(changes.map(({ path }) => /^[^.[]+/u.exec(path)?.[0] ?? path));
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const rulePart = (rule: Json): string =>
  canonical(
    isObject(rule)
      ? [rule['Protocol'] ?? null, rule['Port'] ?? null, rule['Source'] ?? rule['SourceGroup'] ?? null]
      : rule,
  );
const less = (before: Json | undefined, after: Json | undefined): boolean =>
  typeof before === 'number' && (typeof after !== 'number' || after < before);

const common: Omit<TypeRules, 'properties'> = {
  compare: {},
  keys: {},
  secretInput: [],
  sensitive: [],
  volatile: [],
  destructive: [],
  grants: [],
  changeableStates: [],
  goneStates: [],
  duplicate: () => null,
  leftovers: () => [],
};

function* tagCalls(context: StepContext, service: 'rds' | 'ec2', operation: string, key: string): Program {
  const before = (context.live?.properties['Tags'] ?? {}) as JsonObject;
  const after = (context.desired['Tags'] ?? {}) as JsonObject;
  const identity = context.live?.identity ?? '';
  yield* send({
    service,
    operation,
    identity,
    retry: 'absolute',
    purpose: 'set tags',
    input: {
      [key]: identity,
      Tags: { ...after, ...context.ownership },
      Remove: Object.keys(before).filter((name) => after[name] === undefined),
    },
  });
}

export const memoryDatabase: ResourceType = {
  type: DATABASE,
  service: 'rds',
  managed: true,
  users: 'listed',
  rules: judgedByRules({
    ...common,
    properties: {
      DatabaseName: {},
      Engine: {},
      Class: { update: 'restart', deferrable: true },
      Size: { update: 'in-place', oneWay: 'storage never shrinks' },
      Retention: { update: 'in-place', reset: 7 },
      Protected: { update: 'in-place', reset: false },
      Public: { update: 'in-place', reset: false },
      Password: { update: 'in-place' },
      Script: { update: 'in-place' },
      GroupIds: { update: 'in-place' },
      Parameters: { update: 'in-place' },
      Tags: { update: 'in-place' },
    },
    compare: { Size: 'at-least', Class: 'case-insensitive' },
    keys: { GroupIds: [] },
    secretInput: ['Password'],
    sensitive: ['Script'],
    destructive: [
      {
        path: 'Retention',
        when: less,
        says: (before, after) =>
          `backups older than ${String(after)} days are deleted (kept ${String(before)} days until now)`,
        irreversible: true,
      },
      {
        path: 'Protected',
        when: (before, after) => before === true && after !== true,
        says: () => 'the database can be deleted afterwards',
      },
    ],
    grants: [
      {
        path: 'Public',
        when: (before, after) => before !== true && after === true,
        says: () => 'everyone on the internet can reach the database',
      },
      { path: 'Script', says: () => 'the script runs with the powers of the database' },
    ],
    nameProperty: 'DatabaseName',
    replaceBlocked: 'a database is never replaced: write a create and, in a later plan, a delete',
    changeableStates: ['available', 'closed'],
    goneStates: ['deleting'],
    duplicate: (desired, other) =>
      desired['DatabaseName'] === other.identity
        ? 'same'
        : isObject(desired['Tags']) &&
            isObject(other.properties['Tags']) &&
            desired['Tags']['Name'] !== undefined &&
            desired['Tags']['Name'] === other.properties['Tags']['Name']
          ? 'similar'
          : null,
  }),
  read: (aws, query) => readMemory(DATABASE, aws, query),
  *create(context) {
    const name = String(context.desired['DatabaseName']);
    if (context.remains !== undefined) return { identity: context.remains.identity };
    yield* send({
      service: 'rds',
      operation: 'CreateDatabase',
      identity: name,
      retry: 'named',
      purpose: 'create the database',
      input: { ...context.desired, Tags: { ...((context.desired['Tags'] ?? {}) as JsonObject), ...context.ownership } },
    });
    return { identity: name };
  },
  *update(context) {
    const identity = context.live?.identity ?? '';
    const changed = tops(context);
    const set = Object.fromEntries(
      [...changed].filter((name) => name !== 'Tags').map((name) => [name, context.desired[name] ?? null]),
    );
    if (Object.keys(set).length > 0) {
      yield* send({
        service: 'rds',
        operation: 'ModifyDatabase',
        identity,
        retry: 'absolute',
        purpose: `set ${Object.keys(set).join(', ')}`,
        input: { DatabaseName: identity, Set: set, ApplyImmediately: context.when !== 'window' },
      });
    }
    if (changed.has('Tags') || context.ownership['aiplan:rotate'] !== undefined)
      yield* tagCalls(context, 'rds', 'SetDatabaseTags', 'DatabaseName');
  },
  *remove(context) {
    const identity = context.live?.identity ?? '';
    yield* send({
      service: 'rds',
      operation: 'DeleteDatabase',
      identity,
      retry: 'named',
      purpose: 'delete the database',
      input: { DatabaseName: identity, FinalSnapshotName: `${context.captureName}-final` },
    });
  },
  *waitUntilStable(identity) {
    yield* until({
      what: `${identity} available`,
      read: describeDatabase(identity),
      judge: (answer) =>
        answer === null
          ? { state: 'failed', reason: `${identity} does not exist` }
          : ['available', 'closed'].includes(String(answer['Status']))
            ? { state: 'done' }
            : { state: 'pending', detail: String(answer['Status']) },
    });
  },
  *gone(identity, incarnation) {
    let deleting = false;
    yield* until({
      what: `${identity} gone`,
      read: describeDatabase(identity),
      judge(answer) {
        if (answer === null || (incarnation !== undefined && answer['ResourceId'] !== incarnation))
          return { state: 'done' };
        deleting ||= answer['Status'] === 'deleting';
        if (!deleting || answer['Status'] === 'deleting') return { state: 'pending', detail: String(answer['Status']) };
        return {
          state: 'failed',
          reason: `${identity} is ${String(answer['Status'])}: another has its name, or AWS gave the deletion up`,
        };
      },
    });
  },
  *preflight(context, action) {
    const problems: string[] = [];
    if (action === 'delete' && context.live?.properties['Protected'] === true && context.desired['Protected'] !== false)
      problems.push('the database is protected against deletion');
    return problems;
  },
  capture: {
    plan: (live, action, changes) => ({
      how: 'native',
      what: `a snapshot of ${live.identity}`,
      late: action === 'delete',
      loses: action === 'delete' ? ['automated backups'] : [],
      ...(live.state === 'failed'
        ? { how: 'none' as const, impossible: 'a failed database cannot be captured' }
        : changes.length > 1_000
          ? { how: 'none' as const, impossible: 'too many changes' }
          : {}),
    }),
    *quiesce(context) {
      const identity = context.live?.identity ?? '';
      yield* send({
        service: 'rds',
        operation: 'CloseDatabase',
        identity,
        retry: 'absolute',
        purpose: 'close the database to writes',
        input: { DatabaseName: identity },
      });
      yield* until({
        what: `${identity} closed`,
        read: describeDatabase(identity),
        judge: (answer) =>
          answer === null || answer['ResourceId'] !== context.live?.incarnation
            ? { state: 'failed', reason: `${identity} does not exist any more` }
            : answer['Status'] === 'closed'
              ? { state: 'done' }
              : { state: 'pending' },
      });
    },
    *unquiesce(context) {
      const identity = context.live?.identity ?? '';
      yield* send({
        service: 'rds',
        operation: 'OpenDatabase',
        identity,
        retry: 'absolute',
        purpose: 'open the database again',
        input: { DatabaseName: identity },
      });
      yield* memoryDatabase.waitUntilStable!(identity);
    },
    *take(context) {
      const identity = context.live?.identity ?? '';
      const name = context.captureName;
      yield* send({
        service: 'rds',
        operation: 'CreateDatabaseSnapshot',
        identity,
        retry: 'named',
        purpose: 'take a snapshot',
        input: {
          DatabaseName: identity,
          SnapshotName: name,
          Tags: { 'aiplan:op': context.op, 'aiplan:expires': context.captureExpires },
        },
      });
      const script =
        context.live?.properties['Script'] === undefined
          ? null
          : yield* look(
              { service: 'rds', operation: 'GetDatabaseScript', input: { DatabaseName: identity } },
              { Script: '' },
            );
      const kept = script === null ? null : yield* keepSecret(`${name}-script`, String(script['Script']));
      const done = yield* until({ what: `snapshot ${name}`, read: snapshotRead(name), judge: judgeSnapshot });
      return {
        how: 'native',
        refs: { snapshot: name },
        pointInTime: String(done?.['Created'] ?? ''),
        bytes: 1024 * Number(done?.['Rows'] ?? 0),
        encrypted: true,
        extras: kept === null ? {} : { script: kept as unknown as JsonObject },
      };
    },
    *verify(context, capture) {
      const snapshot = yield* look(snapshotRead(String(capture.refs['snapshot'])), {
        Status: 'available',
        DatabaseName: context.live?.identity ?? '',
        Encrypted: true,
      });
      if (snapshot === null) return ['the snapshot does not exist'];
      return [
        ...(snapshot['Status'] === 'available' ? [] : [`the snapshot is ${String(snapshot['Status'])}`]),
        ...(snapshot['DatabaseName'] === context.live?.identity ? [] : ['the snapshot is of another database']),
      ];
    },
    *restorable(context) {
      const wanted = list(context.live?.properties['GroupIds'])
        .map(String)
        .filter((id) => !(context.returning ?? []).includes(id))
        .map(context.remap);
      const answer = yield* look(
        { service: 'ec2', operation: 'DescribeGroups', input: { Ids: wanted } },
        { Groups: wanted.map((Id) => ({ Id })) },
      );
      const found = new Set(list(answer?.['Groups']).map((group) => String((group as JsonObject)['Id'])));
      return { problems: wanted.filter((id) => !found.has(id)).map((id) => `group ${id} does not exist`), losses: [] };
    },
    apart: (live, as) =>
      as === null
        ? { blocked: 'a database needs a name: --as NAME' }
        : { ...live, identity: as, properties: { ...live.properties, DatabaseName: as } },
    *restore(context, capture) {
      const live = context.live as LiveResource;
      const {
        DatabaseName: _name,
        Engine: _engine,
        Size: _size,
        Class,
        Tags,
        Script: _script,
        ...rest
      } = live.properties;
      const { 'aiplan:op': _op, ...system } = live.systemTags;
      if (context.remains === undefined) {
        yield* send({
          service: 'rds',
          operation: 'RestoreDatabase',
          identity: live.identity,
          retry: 'named',
          purpose: 'restore the database from its snapshot',
          input: {
            DatabaseName: live.identity,
            SnapshotName: capture.refs['snapshot'],
            Class,
            Tags: {
              ...((Tags ?? {}) as JsonObject),
              ...system,
              ...context.ownership,
              'aiplan:restored-from': live.identity,
            },
          },
        });
      }
      yield* memoryDatabase.waitUntilStable!(live.identity);
      const set = {
        ...rest,
        GroupIds: list(rest['GroupIds']).map((id) => context.remap(String(id))),
        ...(capture.extras['script'] === undefined ? {} : { Script: capture.extras['script'] }),
      };
      yield* send({
        service: 'rds',
        operation: 'ModifyDatabase',
        identity: live.identity,
        retry: 'absolute',
        purpose: 'set what a restore cannot take',
        input: { DatabaseName: live.identity, Set: set, ApplyImmediately: true },
      });
      return { identity: live.identity, map: {} };
    },
  },
  iam: {
    read: ['rds:DescribeDatabases'],
    write: ['rds:CreateDatabase', 'rds:ModifyDatabase', 'rds:DeleteDatabase', 'rds:SetDatabaseTags'],
    capture: ['rds:CreateDatabaseSnapshot'],
    restore: ['rds:RestoreDatabase'],
  },
};

const snapshotRead = (name: string): ReadCall => ({
  service: 'rds',
  operation: 'DescribeDatabaseSnapshot',
  input: { SnapshotName: name },
  absent: ['SnapshotNotFound'],
});
const judgeSnapshot = (answer: JsonObject | null) =>
  answer?.['Status'] === 'available'
    ? ({ state: 'done' } as const)
    : answer?.['Status'] === 'failed'
      ? ({ state: 'failed', reason: 'the snapshot failed' } as const)
      : ({ state: 'pending', percent: Number(answer?.['Percent'] ?? 0) } as const);

export const memoryGroup: ResourceType = {
  type: GROUP,
  service: 'ec2',
  managed: true,
  users: 'listed',
  rules: judgedByRules({
    ...common,
    properties: {
      GroupName: {},
      Description: { update: 'in-place', reset: '' },
      NetworkId: {},
      Rules: { update: 'in-place' },
      Tags: { update: 'in-place' },
    },
    keys: { Rules: ['Protocol', 'Port', 'Source', 'SourceGroup'] },
    carries: ['Address'],
    destructive: [
      {
        path: 'Rules.*',
        when: (before, after) => before !== undefined && before !== null && (after === undefined || after === null),
        says: (before) => `access is revoked: ${canonical(before ?? null)}`,
      },
    ],
    grants: [
      {
        path: 'Rules.*',
        when: (before, after) =>
          isObject(after) && after['Source'] === '0.0.0.0/0' && (!isObject(before) || before['Source'] !== '0.0.0.0/0'),
        says: (_before, after) => `port ${String((after as JsonObject)['Port'])} is open to everyone`,
      },
    ],
    duplicate: (desired, other) =>
      desired['GroupName'] !== undefined &&
      desired['GroupName'] === other.properties['GroupName'] &&
      desired['NetworkId'] === other.properties['NetworkId']
        ? 'same'
        : desired['GroupName'] !== undefined && desired['GroupName'] === other.properties['GroupName']
          ? 'similar'
          : null,
  }),
  read: (aws, query) => readMemory(GROUP, aws, query),
  *create(context) {
    if (context.remains !== undefined) return { identity: context.remains.identity };
    const answer = yield* send({
      service: 'ec2',
      operation: 'CreateGroup',
      identity: context.op,
      retry: 'token',
      purpose: 'create the group',
      preview: { GroupId: 'g-preview' },
      input: {
        ...context.desired,
        Tags: { ...((context.desired['Tags'] ?? {}) as JsonObject), ...context.ownership },
        ClientToken: context.op,
      },
    });
    return { identity: String(answer['GroupId']) };
  },
  *update(context) {
    const GroupId = context.live?.identity ?? '';
    const changed = tops(context);
    const call = { service: 'ec2', identity: GroupId, retry: 'absolute' } as const;
    if (changed.has('Description'))
      yield* send({
        ...call,
        operation: 'ModifyGroup',
        purpose: 'set the description',
        input: { GroupId, Set: { Description: context.desired['Description'] ?? null } },
      });
    if (changed.has('Rules')) {
      const before = list(context.live?.properties['Rules']);
      const after = list(context.desired['Rules']);
      const has = (rules: readonly Json[], rule: Json): boolean =>
        rules.some((other) => rulePart(other) === rulePart(rule));
      const added = after.filter((rule) => !has(before, rule));
      const removed = before.filter((rule) => !has(after, rule));
      if (added.length > 0)
        yield* send({ ...call, operation: 'AuthorizeRules', purpose: 'add rules', input: { GroupId, Rules: added } });
      if (removed.length > 0)
        yield* send({ ...call, operation: 'RevokeRules', purpose: 'revoke rules', input: { GroupId, Rules: removed } });
    }
    if (changed.has('Tags')) yield* tagCalls(context, 'ec2', 'SetGroupTags', 'GroupId');
  },
  *remove(context) {
    const GroupId = context.live?.identity ?? '';
    yield* send({
      service: 'ec2',
      operation: 'DeleteGroup',
      identity: GroupId,
      retry: 'absolute',
      purpose: 'delete the group',
      input: { GroupId },
    });
  },
  *waitUntilStable(identity) {
    yield* until({
      what: `${identity} present`,
      read: { service: 'ec2', operation: 'DescribeGroups', input: { Ids: [identity] } },
      judge: (answer) => (list(answer?.['Groups']).length === 1 ? { state: 'done' } : { state: 'pending' }),
    });
  },
  *gone(identity) {
    yield* until({
      what: `${identity} gone`,
      read: { service: 'ec2', operation: 'DescribeGroups', input: { Ids: [identity] } },
      judge: (answer) => (list(answer?.['Groups']).length === 0 ? { state: 'done' } : { state: 'pending' }),
    });
  },
  neighbours: { follows: { inUse: ['dependents'] } },
  capture: {
    plan: (live, action) => ({
      how: 'config',
      what: `the configuration of ${live.identity}`,
      late: false,
      loses: action === 'update' ? [] : [`the id ${live.identity}`],
      newIdentity: true,
    }),
    *take() {
      return configCapture();
    },
    *verify() {
      return [];
    },
    *restorable() {
      return { problems: [], losses: [] };
    },
    apart: (live, as) => (as === null ? live : { ...live, properties: { ...live.properties, GroupName: as } }),
    *restore(context) {
      const live = context.live as LiveResource;
      const { 'aiplan:op': _op, ...system } = live.systemTags;
      if (context.remains !== undefined)
        return { identity: context.remains.identity, map: { [live.identity]: context.remains.identity } };
      const answer = yield* send({
        service: 'ec2',
        operation: 'CreateGroup',
        identity: context.op,
        retry: 'token',
        purpose: 'create the group again',
        preview: { GroupId: 'g-preview' },
        input: {
          ...live.properties,
          Rules: list(live.properties['Rules']).map((rule) =>
            Object.fromEntries(
              Object.entries(rule as JsonObject).map(([key, value]) => [
                key,
                typeof value === 'string' ? context.remap(value) : (value ?? null),
              ]),
            ),
          ),
          Tags: {
            ...((live.properties['Tags'] ?? {}) as JsonObject),
            ...system,
            ...context.ownership,
            [context.apart === undefined ? 'aiplan:restored-from' : 'aiplan:brought-out-of']: live.identity,
          },
          ClientToken: context.op,
        },
      });
      return { identity: String(answer['GroupId']), map: { [live.identity]: String(answer['GroupId']) } };
    },
  },
  /**
   * Databases that named the old group are pointed at the new one; `binding.dependents` of the captured group names
   * them.
   */
  *repoint(context, _capture, to) {
    const from = context.live?.identity ?? '';
    for (const dependent of list(context.live?.binding['dependents'])) {
      const identity = nameIn(dependent)?.identity ?? '';
      const answer = yield* look(describeDatabase(identity), { GroupIds: [from] });
      const ids = list(answer?.['GroupIds']);
      if (!ids.includes(from)) continue;
      yield* send({
        service: 'rds',
        operation: 'ModifyDatabase',
        identity,
        retry: 'absolute',
        purpose: 'point at the restored group',
        input: {
          DatabaseName: identity,
          Set: { GroupIds: ids.map((id) => (id === from ? to : id)) },
          ApplyImmediately: true,
        },
      });
      yield* memoryDatabase.waitUntilStable!(identity);
    }
  },
  iam: {
    read: ['ec2:DescribeGroups'],
    write: [
      'ec2:CreateGroup',
      'ec2:ModifyGroup',
      'ec2:AuthorizeRules',
      'ec2:RevokeRules',
      'ec2:DeleteGroup',
      'ec2:SetGroupTags',
    ],
    capture: [],
    restore: ['ec2:CreateGroup'],
  },
};

const configCapture = (): Capture => ({
  how: 'config',
  refs: {},
  pointInTime: null,
  bytes: null,
  encrypted: null,
  extras: {},
});

function* putNote(
  context: StepContext,
  properties: JsonObject,
  purpose: string,
  extra: JsonObject = {},
): Program<{ identity: string }> {
  const identity = String(properties['NoteName']);
  yield* send({
    service: 's3',
    operation: 'PutNote',
    identity,
    retry: 'absolute',
    purpose,
    input: { ...properties, Tags: { ...((properties['Tags'] ?? {}) as JsonObject), ...context.ownership, ...extra } },
  });
  return { identity };
}

export const memoryNote: ResourceType = {
  type: NOTE,
  service: 's3',
  managed: true,
  users: 'listed',
  rules: judgedByRules({
    ...common,
    nameProperty: 'NoteName',
    properties: {
      NoteName: {},
      Text: { update: 'in-place', reset: '' },
      Kind: { update: (before) => (before === 'rich' ? 'replace' : 'in-place') },
      Settings: { update: 'in-place' },
      DatabaseName: { update: 'in-place' },
      Tags: { update: 'in-place' },
    },
    duplicate: (desired, other) => (desired['NoteName'] === other.identity ? 'same' : null),
  }),
  read: (aws, query) => readMemory(NOTE, aws, query),
  create: (context) => putNote(context, context.desired, 'write the note'),
  *update(context) {
    yield* putNote(context, { ...context.desired, NoteName: context.live?.identity ?? '' }, 'write the note');
  },
  *remove(context) {
    const identity = context.live?.identity ?? '';
    yield* send({
      service: 's3',
      operation: 'DeleteNote',
      identity,
      retry: 'absolute',
      purpose: 'delete the note',
      input: { NoteName: identity },
    });
  },
  capture: {
    plan: (live) => ({ how: 'config', what: `the text of ${live.identity}`, late: false, loses: [] }),
    *take() {
      return configCapture();
    },
    *verify() {
      return [];
    },
    *restorable() {
      return { problems: [], losses: [] };
    },
    *restore(context) {
      const live = context.live as LiveResource;
      const { 'aiplan:op': _op, ...system } = live.systemTags;
      const { identity } = yield* putNote(context, live.properties, 'write the note again', {
        ...system,
        'aiplan:restored-from': live.identity,
      });
      return { identity, map: {} };
    },
  },
  iam: {
    read: ['s3:ListNotes', 's3:GetNote'],
    write: ['s3:PutNote', 's3:DeleteNote'],
    capture: [],
    restore: ['s3:PutNote'],
  },
};

const memoryNetwork: ResourceType = {
  type: NETWORK,
  service: 'ec2',
  managed: false,
  rules: { ...common, properties: {}, goneStates: ['gone'] },
  read: (aws, query) => readMemory(NETWORK, aws, query),
  iam: { read: ['ec2:DescribeNetworks'], write: [], capture: [], restore: [] },
};

const all = [memoryDatabase, memoryGroup, memoryNote, memoryBox, memoryLink, memoryNetwork];
export const memoryTypes: ResourceTypes = { all, get: (type) => all.find((item) => item.type === type) };
