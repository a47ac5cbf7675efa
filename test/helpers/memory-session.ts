import { callName, type Answer, type AwsSession, type Call, type Permit, type ReadCall } from '../../src/model/call.ts';
import { canonical } from '../../src/model/digest.ts';
import { UserError } from '../../src/model/error.ts';
import { isObject, type Json, type JsonObject } from '../../src/model/json.ts';
import { DATABASE, GROUP, NETWORK, NOTE } from './memory-schemas.ts';
import { awsError, become, keyOf, nextTime, observe, type Item, type State } from './memory-state.ts';

const texts = (value: Json | undefined): readonly string[] => (Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []);
const record = (value: Json | undefined): Record<string, string> => (isObject(value) ? { ...(value as Record<string, string>) } : {});
const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** An answer's form of an item: AWS names nothing as aiplan does, so that types have something to translate. */
const describe = (item: Item): JsonObject => {
  const { Tags, Password: _password, Script, ...rest } = item.properties;
  return {
    ...rest, ...(Script === undefined ? {} : { HasScript: true, ScriptText: Script }), Id: item.identity, ResourceId: item.incarnation, Status: item.state,
    Pending: { ...item.pending }, Rows: item.rows.length, Created: item.created, AllTags: { ...record(Tags), ...item.systemTags },
  };
};

const reads: Readonly<Record<string, (state: State, input: JsonObject) => JsonObject>> = {
  'rds:DescribeDatabases': (state, input) => ({ Databases: several(state, DATABASE, input['Names']) }),
  'rds:DescribeDatabase': (state, input) => single(state, DATABASE, text(input['DatabaseName']), 'rds:DescribeDatabase', 'DatabaseNotFound'),
  'rds:GetDatabaseScript': (state, input) => ({ Script: state.items.get(keyOf(DATABASE, text(input['DatabaseName'])))?.properties['Script'] ?? null }),
  'rds:DescribeDatabaseSnapshot': (state, input) => {
    const snapshot = state.snapshots.get(text(input['SnapshotName']));
    if (snapshot === undefined) throw awsError('rds:DescribeDatabaseSnapshot', 'SnapshotNotFound', 'absent', `no snapshot ${text(input['SnapshotName'])}`);
    const status = snapshot.failed ? 'failed' : snapshot.polls > 0 ? 'creating' : 'available';
    if (snapshot.polls > 0) snapshot.polls -= 1;
    return { SnapshotName: snapshot.name, DatabaseName: snapshot.database, Status: status, Percent: status === 'available' ? 100 : 50, Rows: snapshot.rows.length, Encrypted: true, Created: snapshot.created, Tags: { ...snapshot.tags } };
  },
  'rds:DescribeDatabaseSnapshots': (state, input) => ({
    Snapshots: [...state.snapshots.values()].filter(({ database }) => input['DatabaseName'] === undefined || database === input['DatabaseName'])
      .map(({ name, database, created, tags }) => ({ SnapshotName: name, DatabaseName: database, Created: created, Tags: { ...tags } })),
  }),
  'ec2:DescribeGroups': (state, input) => ({ Groups: several(state, GROUP, input['Ids']) }),
  'ec2:DescribeNetworks': (state, input) => ({ Networks: several(state, NETWORK, input['Ids']) }),
  's3:ListNotes': (state, input) => ({ Notes: several(state, NOTE, input['Names']) }),
  's3:GetNote': (state, input) => single(state, NOTE, text(input['NoteName']), 's3:GetNote', 'NoSuchNote'),
};

/** A filter: what does not exist is left out. Without names, everything. */
function several(state: State, type: string, names: Json | undefined): JsonObject[] {
  const wanted = names === undefined ? null : new Set(texts(names));
  return [...state.items.values()].filter((item) => item.type === type && (wanted === null || wanted.has(item.identity)) && observe(state, item)).map(describe);
}

function single(state: State, type: string, identity: string, operation: string, code: string): JsonObject {
  const item = state.items.get(keyOf(type, identity));
  if (item === undefined || !observe(state, item)) throw awsError(operation, code, 'absent', `no ${identity}`);
  return describe(item);
}

const make = (state: State, type: string, identity: string, properties: Record<string, Json>, tags: Record<string, string>, now: string): Item => {
  const system = Object.fromEntries(Object.entries(tags).filter(([key]) => /^(aws|aiplan):/u.test(key)));
  const own = Object.fromEntries(Object.entries(tags).filter(([key]) => !/^(aws|aiplan):/u.test(key)));
  const { Password, ...visible } = properties;
  const item: Item = {
    type, identity, incarnation: `${identity}#${state.counter += 1}`, properties: { ...visible, Tags: own }, systemTags: system, state: now,
    pending: {}, rows: [], created: nextTime(state), polls: 0, next: null, secret: typeof Password === 'string' ? Password : null,
  };
  state.items.set(keyOf(type, identity), item);
  return item;
};

const need = (state: State, type: string, identity: string, operation: string, states: readonly string[] = []): Item => {
  const item = state.items.get(keyOf(type, identity));
  if (item === undefined) throw awsError(operation, 'ResourceNotFound', 'absent', `no ${type} ${identity}`);
  if (states.length > 0 && !states.includes(item.state)) throw awsError(operation, 'InvalidState', 'conflict', `${identity} is ${item.state}`);
  return item;
};

const setTags = (item: Item, input: JsonObject): void => {
  const tags = { ...record(item.properties['Tags']) };
  for (const [key, value] of Object.entries(record(input['Tags']))) {
    if (/^(aws|aiplan):/u.test(key)) item.systemTags[key] = value;
    else tags[key] = value;
  }
  for (const key of texts(input['Remove'])) { delete tags[key]; delete item.systemTags[key]; }
  item.properties['Tags'] = tags;
};

const assign = (item: Item, set: Json | undefined): void => {
  for (const [key, value] of Object.entries(isObject(set) ? set : {})) {
    if (key === 'Password') item.secret = text(value);
    else if (value === null || value === undefined) delete item.properties[key];
    else item.properties[key] = value;
  }
};

const ruleKey = (rule: Json): string => canonical(isObject(rule) ? { ...rule, Description: undefined } : rule);

const mutations: Readonly<Record<string, (state: State, input: JsonObject) => JsonObject>> = {
  'rds:CreateDatabase': (state, { Tags, ...properties }) => {
    const name = text(properties['DatabaseName']);
    if (state.items.has(keyOf(DATABASE, name))) throw awsError('rds:CreateDatabase', 'DatabaseAlreadyExists', 'exists', `${name} exists`);
    become(state, make(state, DATABASE, name, { Retention: 7, Protected: false, Public: false, Size: 20, GroupIds: [], Parameters: {}, ...(properties as Record<string, Json>) }, record(Tags), 'available'), 'creating', 'available');
    return { DatabaseName: name };
  },
  'rds:ModifyDatabase': (state, input) => {
    const item = need(state, DATABASE, text(input['DatabaseName']), 'rds:ModifyDatabase', ['available', 'closed']);
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
  'rds:SetDatabaseTags': (state, input) => { setTags(need(state, DATABASE, text(input['DatabaseName']), 'rds:SetDatabaseTags'), input); return {}; },
  'rds:CloseDatabase': (state, input) => { become(state, need(state, DATABASE, text(input['DatabaseName']), 'rds:CloseDatabase', ['available', 'closed']), 'closing', 'closed'); return {}; },
  'rds:OpenDatabase': (state, input) => { become(state, need(state, DATABASE, text(input['DatabaseName']), 'rds:OpenDatabase', ['available', 'closed']), 'opening', 'available'); return {}; },
  'rds:CreateDatabaseSnapshot': (state, input) => {
    const item = need(state, DATABASE, text(input['DatabaseName']), 'rds:CreateDatabaseSnapshot', ['available', 'closed']);
    return takeSnapshot(state, item, text(input['SnapshotName']), record(input['Tags']), 'rds:CreateDatabaseSnapshot');
  },
  'rds:DeleteDatabase': (state, input) => {
    const item = need(state, DATABASE, text(input['DatabaseName']), 'rds:DeleteDatabase', ['available', 'closed']);
    if (item.properties['Protected'] === true) throw awsError('rds:DeleteDatabase', 'InvalidParameterCombination', 'invalid', `${item.identity} is protected`);
    if (input['SkipFinalSnapshot'] !== true) takeSnapshot(state, item, text(input['FinalSnapshotName']), {}, 'rds:DeleteDatabase');
    become(state, item, 'deleting', null);
    return {};
  },
  'rds:RestoreDatabase': (state, input) => {
    const name = text(input['DatabaseName']);
    const snapshot = state.snapshots.get(text(input['SnapshotName']));
    if (snapshot === undefined) throw awsError('rds:RestoreDatabase', 'SnapshotNotFound', 'absent', `no snapshot ${text(input['SnapshotName'])}`);
    if (state.items.has(keyOf(DATABASE, name))) throw awsError('rds:RestoreDatabase', 'DatabaseAlreadyExists', 'exists', `${name} exists`);
    const { Engine, Size } = snapshot.properties;
    const item = make(state, DATABASE, name, { DatabaseName: name, Engine: Engine ?? null, Size: Size ?? null, Class: input['Class'] ?? null, Retention: 1, Protected: false, Public: false, GroupIds: [], Parameters: {} }, record(input['Tags']), 'available');
    item.rows = [...snapshot.rows];
    become(state, item, 'creating', 'available');
    return { DatabaseName: name };
  },
  'ec2:CreateGroup': (state, { Tags, ClientToken, ...properties }) => {
    const known = state.tokens.get(text(ClientToken));
    if (known !== undefined) return { GroupId: known };
    const identity = `g-${String(state.counter += 1).padStart(8, '0')}`;
    make(state, GROUP, identity, { Rules: [], ...(properties as Record<string, Json>) }, record(Tags), 'present');
    if (text(ClientToken) !== '') state.tokens.set(text(ClientToken), identity);
    return { GroupId: identity };
  },
  'ec2:AuthorizeRules': (state, input) => {
    const item = need(state, GROUP, text(input['GroupId']), 'ec2:AuthorizeRules');
    const rules = item.properties['Rules'] as readonly Json[];
    const added = input['Rules'] as readonly Json[];
    if (added.some((rule) => rules.some((old) => ruleKey(old) === ruleKey(rule)))) throw awsError('ec2:AuthorizeRules', 'InvalidPermission.Duplicate', 'exists', 'the rule exists');
    item.properties['Rules'] = [...rules, ...added];
    return {};
  },
  'ec2:RevokeRules': (state, input) => {
    const item = need(state, GROUP, text(input['GroupId']), 'ec2:RevokeRules');
    const gone = new Set((input['Rules'] as readonly Json[]).map(ruleKey));
    item.properties['Rules'] = (item.properties['Rules'] as readonly Json[]).filter((rule) => !gone.has(ruleKey(rule)));
    return {};
  },
  'ec2:ModifyGroup': (state, input) => { assign(need(state, GROUP, text(input['GroupId']), 'ec2:ModifyGroup'), input['Set']); return {}; },
  'ec2:SetGroupTags': (state, input) => { setTags(need(state, GROUP, text(input['GroupId']), 'ec2:SetGroupTags'), input); return {}; },
  'ec2:DeleteGroup': (state, input) => {
    const item = need(state, GROUP, text(input['GroupId']), 'ec2:DeleteGroup');
    const used = [...state.items.values()].some((other) => texts(other.properties['GroupIds']).includes(item.identity)
      || (other !== item && Array.isArray(other.properties['Rules']) && other.properties['Rules'].some((rule) => isObject(rule) && rule['SourceGroup'] === item.identity)));
    if (used) throw awsError('ec2:DeleteGroup', 'DependencyViolation', 'dependency', `${item.identity} is in use`);
    state.items.delete(keyOf(GROUP, item.identity));
    return {};
  },
  's3:PutNote': (state, { Tags, ...properties }) => {
    const name = text(properties['NoteName']);
    const old = state.items.get(keyOf(NOTE, name));
    if (old === undefined) make(state, NOTE, name, { Settings: {}, ...(properties as Record<string, Json>) }, record(Tags), 'present');
    else {
      old.properties = { ...(properties as Record<string, Json>), Tags: Object.fromEntries(Object.entries(record(Tags)).filter(([key]) => !key.startsWith('aiplan:'))) };
      for (const [key, value] of Object.entries(record(Tags))) if (key.startsWith('aiplan:')) old.systemTags[key] = value;
    }
    return { NoteName: name };
  },
  's3:DeleteNote': (state, input) => { state.items.delete(keyOf(NOTE, text(input['NoteName']))); return {}; },
};

function takeSnapshot(state: State, item: Item, name: string, tags: Record<string, string>, operation: string): JsonObject {
  if (name === '') throw awsError(operation, 'InvalidParameterCombination', 'invalid', 'a snapshot name is needed');
  if (state.snapshots.has(name)) throw awsError(operation, 'SnapshotAlreadyExists', 'exists', `${name} exists`);
  state.snapshots.set(name, { name, database: item.identity, properties: { ...item.properties }, rows: [...item.rows], created: nextTime(state), tags, polls: state.polls, failed: false });
  return { SnapshotName: name };
}

/** The session of the memory world: reads by name, mutations only by permit, faults as ordered. */
export function memorySession(state: State, sent: Call[]): AwsSession {
  const counts: Record<string, number> = {};
  const fault = (name: string) => {
    const found = state.faults.find(({ operation, times }) => operation === name && times > 0);
    if (found !== undefined) found.times -= 1;
    return found;
  };
  return {
    counts,
    async read(call: ReadCall) {
      const name = callName(call);
      const answer = reads[name];
      if (answer === undefined) throw new UserError('gate-refused', `${name} is not a known read of the memory world`);
      counts[name] = (counts[name] ?? 0) + 1;
      try {
        const failure = fault(name);
        if (failure !== undefined) throw failure.error;
        return structuredClone(answer(state, call.input)) as JsonObject;
      } catch (error) {
        if (call.absent?.includes((error as { code?: string }).code ?? '') === true) return null;
        throw error;
      }
    },
    async mutate(call: Call, resolved: JsonObject, permit: Permit): Promise<Answer> {
      const name = callName(call);
      const execute = mutations[name];
      if (execute === undefined) throw new UserError('gate-refused', `${name} is not a known operation of the memory world`);
      if (!permit.operations.includes(name)) throw new UserError('gate-refused', `${name} is not among the calls of step "${permit.step}"`);
      if (call.operation === 'DeleteDatabase' && resolved['SkipFinalSnapshot'] === true && permit.confirmedLoss?.includes('skip-final-snapshot') !== true) {
        throw new UserError('gate-refused', 'a skipped final snapshot is not permitted');
      }
      const failure = fault(name);
      if (failure !== undefined && !failure.lost) throw failure.error;
      counts[name] = (counts[name] ?? 0) + 1;
      sent.push(call);
      const output = structuredClone(execute(state, structuredClone(resolved))) as JsonObject;
      if (failure !== undefined) throw failure.error;
      return { output, requestId: `memory-${sent.length}`, attempts: 1 };
    },
  };
}
