import { canonical } from '../../src/base/digest.ts';
import { isObject, type Json, type JsonObject } from '../../src/base/json.ts';
import { boxMutations } from './memory-box-calls.ts';
import { isLinked, linkMutations } from './memory-link.ts';
import { assign, make, need, setTags, withinQuota } from './memory-items.ts';
import { DATABASE, GROUP, NOTE } from './memory-schemas.ts';
import { awsError, become, keyOf, nextTime, type Item, type State } from './memory-state.ts';
import { record, text, texts } from './memory-values.ts';

const ruleKey = (rule: Json): string => canonical(isObject(rule) ? { ...rule, Description: undefined } : rule);

/** What can be changed, by `service:Operation`. */
export const mutations: Readonly<Record<string, (state: State, input: JsonObject) => JsonObject>> = {
  'rds:CreateDatabase': (state, { Tags, ...properties }) => {
    const name = text(properties['DatabaseName']);
    if (state.items.has(keyOf(DATABASE, name)))
      throw awsError('rds:CreateDatabase', 'DatabaseAlreadyExists', 'exists', `${name} exists`);
    withinQuota(state, DATABASE, 'rds:CreateDatabase', 'InstanceQuotaExceeded');
    hasCapacity(state, properties['Class'], 'rds:CreateDatabase');
    become(
      state,
      make(
        state,
        DATABASE,
        name,
        {
          Retention: 7,
          Protected: false,
          Public: false,
          Size: 20,
          GroupIds: [],
          Parameters: {},
          ...(properties as Record<string, Json>),
        },
        record(Tags),
        'available',
      ),
      'creating',
      'available',
    );
    return { DatabaseName: name };
  },
  'rds:ModifyDatabase': (state, input) => {
    const item = need(state, DATABASE, text(input['DatabaseName']), 'rds:ModifyDatabase', ['available', 'closed']);
    hasCapacity(state, (input['Set'] as JsonObject)['Class'], 'rds:ModifyDatabase');
    if (input['ApplyImmediately'] === true) {
      assign(item, { ...item.pending, ...(input['Set'] as JsonObject) });
      item.pending = {};
      become(state, item, 'modifying', item.state);
    } else {
      const { Class, ...rest } = input['Set'] as JsonObject;
      assign(item, rest);
      if (Class !== undefined) item.pending = { ...item.pending, Class };
    }
    return {};
  },
  'rds:SetDatabaseTags': (state, input) => {
    setTags(need(state, DATABASE, text(input['DatabaseName']), 'rds:SetDatabaseTags'), input);
    return {};
  },
  'rds:CloseDatabase': (state, input) => {
    become(
      state,
      need(state, DATABASE, text(input['DatabaseName']), 'rds:CloseDatabase', ['available', 'closed']),
      'closing',
      'closed',
    );
    return {};
  },
  'rds:OpenDatabase': (state, input) => {
    become(
      state,
      need(state, DATABASE, text(input['DatabaseName']), 'rds:OpenDatabase', ['available', 'closed']),
      'opening',
      'available',
    );
    return {};
  },
  'rds:CreateDatabaseSnapshot': (state, input) => {
    const item = need(state, DATABASE, text(input['DatabaseName']), 'rds:CreateDatabaseSnapshot', [
      'available',
      'closed',
    ]);
    return takeSnapshot(state, item, text(input['SnapshotName']), record(input['Tags']), 'rds:CreateDatabaseSnapshot');
  },
  'rds:DeleteDatabase': (state, input) => {
    const item = need(state, DATABASE, text(input['DatabaseName']), 'rds:DeleteDatabase', ['available', 'closed']);
    if (item.properties['Protected'] === true)
      throw awsError('rds:DeleteDatabase', 'InvalidParameterCombination', 'invalid', `${item.identity} is protected`);
    if (input['SkipFinalSnapshot'] !== true)
      takeSnapshot(state, item, text(input['FinalSnapshotName']), {}, 'rds:DeleteDatabase');
    become(state, item, 'deleting', null);
    return {};
  },
  'rds:RestoreDatabase': (state, input) => {
    const name = text(input['DatabaseName']);
    const snapshot = state.snapshots.get(text(input['SnapshotName']));
    if (snapshot === undefined)
      throw awsError('rds:RestoreDatabase', 'SnapshotNotFound', 'absent', `no snapshot ${text(input['SnapshotName'])}`);
    if (state.items.has(keyOf(DATABASE, name)))
      throw awsError('rds:RestoreDatabase', 'DatabaseAlreadyExists', 'exists', `${name} exists`);
    withinQuota(state, DATABASE, 'rds:RestoreDatabase', 'InstanceQuotaExceeded');
    hasCapacity(state, input['Class'], 'rds:RestoreDatabase');
    const { Engine, Size } = snapshot.properties;
    const item = make(
      state,
      DATABASE,
      name,
      {
        DatabaseName: name,
        Engine: Engine ?? null,
        Size: Size ?? null,
        Class: input['Class'] ?? null,
        Retention: 1,
        Protected: false,
        Public: false,
        GroupIds: [],
        Parameters: {},
      },
      record(input['Tags']),
      'available',
    );
    item.rows = [...snapshot.rows];
    become(state, item, 'creating', 'available');
    return { DatabaseName: name };
  },
  'ec2:CreateGroup': (state, input) => {
    const { Tags, ClientToken, ...properties } = input;
    const known = state.tokens.get(text(ClientToken));
    if (known !== undefined && known.request !== canonical(input))
      throw awsError(
        'ec2:CreateGroup',
        'IdempotentParameterMismatch',
        'conflict',
        'the token was used for another request',
      );
    if (known !== undefined) return { GroupId: known.identity };
    withinQuota(state, GROUP, 'ec2:CreateGroup', 'SecurityGroupLimitExceeded');
    const identity = `g-${String((state.counter += 1)).padStart(8, '0')}`;
    make(state, GROUP, identity, { Rules: [], ...(properties as Record<string, Json>) }, record(Tags), 'present');
    if (text(ClientToken) !== '') state.tokens.set(text(ClientToken), { identity, request: canonical(input) });
    return { GroupId: identity };
  },
  'ec2:AuthorizeRules': (state, input) => {
    const item = need(state, GROUP, text(input['GroupId']), 'ec2:AuthorizeRules');
    const rules = item.properties['Rules'] as readonly Json[];
    const added = input['Rules'] as readonly Json[];
    if (added.some((rule) => rules.some((old) => ruleKey(old) === ruleKey(rule))))
      throw awsError('ec2:AuthorizeRules', 'InvalidPermission.Duplicate', 'exists', 'the rule exists');
    item.properties = { ...item.properties, Rules: [...rules, ...added] };
    return {};
  },
  'ec2:RevokeRules': (state, input) => {
    const item = need(state, GROUP, text(input['GroupId']), 'ec2:RevokeRules');
    const gone = new Set((input['Rules'] as readonly Json[]).map(ruleKey));
    item.properties = {
      ...item.properties,
      Rules: (item.properties['Rules'] as readonly Json[]).filter((rule) => !gone.has(ruleKey(rule))),
    };
    return {};
  },
  'ec2:ModifyGroup': (state, input) => {
    assign(need(state, GROUP, text(input['GroupId']), 'ec2:ModifyGroup'), input['Set']);
    return {};
  },
  'ec2:SetGroupTags': (state, input) => {
    setTags(need(state, GROUP, text(input['GroupId']), 'ec2:SetGroupTags'), input);
    return {};
  },
  'ec2:DeleteGroup': (state, input) => {
    const item = need(state, GROUP, text(input['GroupId']), 'ec2:DeleteGroup');
    const used = [...state.items.values()].some(
      (other) =>
        texts(other.properties['GroupIds']).includes(item.identity) ||
        (other !== item &&
          Array.isArray(other.properties['Rules']) &&
          other.properties['Rules'].some((rule) => isObject(rule) && rule['SourceGroup'] === item.identity)),
    );
    if (used || isLinked(state, item.identity))
      throw awsError('ec2:DeleteGroup', 'DependencyViolation', 'dependency', `${item.identity} is in use`);
    state.items.delete(keyOf(GROUP, item.identity));
    return {};
  },
  ...boxMutations,
  ...linkMutations,
  's3:PutNote': (state, { Tags, ...properties }) => {
    const name = text(properties['NoteName']);
    const old = state.items.get(keyOf(NOTE, name));
    if (old === undefined)
      make(state, NOTE, name, { Settings: {}, ...(properties as Record<string, Json>) }, record(Tags), 'present');
    else {
      old.properties = {
        Settings: {},
        ...(properties as Record<string, Json>),
        Tags: Object.fromEntries(Object.entries(record(Tags)).filter(([key]) => !key.startsWith('aiplan:'))),
      };
      old.systemTags = {
        ...old.systemTags,
        ...Object.fromEntries(Object.entries(record(Tags)).filter(([key]) => key.startsWith('aiplan:'))),
      };
    }
    return { NoteName: name };
  },
  's3:DeleteNote': (state, input) => {
    state.items.delete(keyOf(NOTE, text(input['NoteName'])));
    return {};
  },
};

function takeSnapshot(
  state: State,
  item: Item,
  name: string,
  tags: Record<string, string>,
  operation: string,
): JsonObject {
  if (name === '') throw awsError(operation, 'InvalidParameterCombination', 'invalid', 'a snapshot name is needed');
  if (state.snapshots.has(name)) throw awsError(operation, 'SnapshotAlreadyExists', 'exists', `${name} exists`);
  withinQuota(state, 'snapshots', operation, 'SnapshotQuotaExceeded');
  state.snapshots.set(name, {
    name,
    database: item.identity,
    properties: { ...item.properties },
    rows: [...item.rows],
    created: nextTime(state),
    tags,
    polls: state.polls,
    failed: false,
    hidden: 0,
  });
  return { SnapshotName: name };
}

/** AWS has no machines of the class left where the database would be. */
function hasCapacity(state: State, name: Json | undefined, operation: string): void {
  if (state.exhausted.has(text(name)))
    throw awsError(operation, 'InsufficientDBInstanceCapacity', 'quota', `no ${text(name)} left`);
}
