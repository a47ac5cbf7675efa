import { look, send, sendAll, until, type Call, type Program, type ReadCall } from '../../src/domain/call.ts';
import { canonical } from '../../src/base/digest.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ResourceType, StepContext } from '../../src/domain/resource-type.ts';
import { CLOSED } from './memory-box-calls.ts';
import { readMemory } from './memory-reading.ts';
import { BOX } from './memory-schemas.ts';
import { judgedByRules } from './verdicts.ts';

const objectsOf = (BoxName: string): ReadCall => ({
  service: 's3',
  operation: 'ListBoxObjects',
  input: { BoxName },
  absent: ['NoSuchBox'],
});
const copiesOf = (Name: string): ReadCall => ({ service: 's3', operation: 'ListCopies', input: { Name } });
const onePreview: JsonObject = { Objects: [{ Key: 'one', ETag: '"one"' }] };
const entries = (answer: JsonObject | null): readonly JsonObject[] =>
  Array.isArray(answer?.['Objects']) ? (answer['Objects'] as readonly JsonObject[]) : [];
const keys = (answer: JsonObject | null): readonly string[] => entries(answer).map(({ Key }) => String(Key));
const change = (operation: string, identity: string, purpose: string, input: JsonObject): Call => ({
  service: 's3',
  operation,
  identity,
  retry: 'absolute',
  purpose,
  input: { BoxName: identity, ...input },
});
const tagsOf = (properties: JsonObject): JsonObject => (properties['Tags'] ?? {}) as JsonObject;

function* setPolicy(identity: string, policy: Json | undefined, purpose: string): Program {
  yield* send(change('PutBoxPolicy', identity, purpose, { Policy: policy ?? null }));
}

/**
 * A box of objects, as a bucket is: closed by its policy before it is captured, copied and emptied object by object in
 * batches, so that a stop in the middle leaves it half there.
 */
export const memoryBox: ResourceType = {
  type: BOX,
  service: 's3',
  managed: true,
  users: 'listed',
  rules: judgedByRules({
    properties: {
      BoxName: {},
      Policy: { update: 'in-place', reset: null },
      Settings: { update: 'in-place' },
      Tags: { update: 'in-place' },
    },
    compare: {},
    keys: {},
    secretInput: [],
    sensitive: [],
    volatile: [],
    destructive: [],
    grants: [],
    changeableStates: [],
    goneStates: [],
    nameProperty: 'BoxName',
    replaceBlocked: 'a box is never replaced: write a create and, in a later plan, a delete',
    duplicate: (desired, other) => (desired['BoxName'] === other.identity ? 'same' : null),
    leftovers: () => [],
  }),
  read: (aws, query) => readMemory(BOX, aws, query),
  *create(context) {
    const identity = String(context.desired['BoxName']);
    if (context.remains !== undefined) return { identity };
    yield* send({
      service: 's3',
      operation: 'CreateBox',
      identity,
      retry: 'named',
      purpose: 'create the box',
      input: { ...context.desired, Tags: { ...tagsOf(context.desired), ...context.ownership } },
    });
    return { identity };
  },
  *update(context) {
    const identity = context.live?.identity ?? '';
    const names = new Set(context.changes.map(({ path }) => /^[^.[]+/u.exec(path)?.[0] ?? path));
    const set = Object.fromEntries(
      [...names].filter((name) => name !== 'Tags').map((name) => [name, context.desired[name] ?? null]),
    );
    if (Object.keys(set).length > 0) yield* send(change('PutBox', identity, 'set settings', { Set: set }));
    if (!names.has('Tags')) return;
    const [before, after] = [tagsOf(context.live?.properties ?? {}), tagsOf(context.desired)];
    yield* send(
      change('SetBoxTags', identity, 'set tags', {
        Tags: { ...after, ...context.ownership },
        Remove: Object.keys(before).filter((name) => after[name] === undefined),
      }),
    );
  },
  *remove(context) {
    const identity = context.live?.identity ?? '';
    const held = new Set((context.capture?.refs['objects'] ?? ['one']) as readonly string[]);
    const there = keys(yield* look(objectsOf(identity), onePreview));
    const strangers = there.filter((key) => !held.has(key));
    if (strangers.length > 0) throw new Error(`${strangers.join(', ')} came since the capture`);
    yield* sendAll(
      there.map((Key) => change('DeleteObject', identity, 'delete an object', { Key })),
      'empty the box',
    );
    yield* send(change('DeleteBox', identity, 'delete the box', {}));
  },
  *gone(identity, incarnation) {
    yield* until({
      what: `${identity} gone`,
      read: { service: 's3', operation: 'ListBoxes', input: { Names: [identity] } },
      judge: (answer) =>
        ((answer?.['Boxes'] ?? []) as readonly JsonObject[]).every(
          ({ ResourceId }) => incarnation !== undefined && ResourceId !== incarnation,
        )
          ? { state: 'done' }
          : { state: 'pending' },
    });
  },
  capture: {
    plan: (live, action) =>
      action === 'update'
        ? { how: 'config', what: `the configuration of ${live.identity}`, late: false, loses: [] }
        : { how: 'copy', what: `copies of what ${live.identity} holds`, late: true, loses: ['the name may be taken'] },
    *quiesce(context) {
      yield* setPolicy(context.live?.identity ?? '', CLOSED, 'close the box to writes');
    },
    quieted: (before, now) =>
      now.properties['Policy'] === CLOSED
        ? { ...now, properties: { ...now.properties, Policy: before.properties['Policy'] } }
        : now,
    *unquiesce(context) {
      const { identity = '', properties = {} } = context.live ?? {};
      yield* setPolicy(identity, properties['Policy'], 'open the box again');
    },
    *take(context) {
      const identity = context.live?.identity ?? '';
      if (context.action === 'update')
        return { how: 'config', refs: {}, pointInTime: null, bytes: null, encrypted: null, extras: {} };
      const objects = keys(yield* look(objectsOf(identity), onePreview));
      yield* sendAll(
        objects.map((Key) => change('CopyObject', identity, 'copy an object', { Key, To: context.captureName })),
        'copy the objects',
      );
      return {
        how: 'copy',
        refs: { copies: context.captureName, objects },
        pointInTime: null,
        bytes: null,
        encrypted: true,
        extras: {},
      };
    },
    *verify(context, capture) {
      if (capture.how !== 'copy') return [];
      const [there, copied] = [
        yield* look(objectsOf(context.live?.identity ?? ''), onePreview),
        yield* look(copiesOf(String(capture.refs['copies'])), onePreview),
      ];
      const [left, right] = [there, copied].map((answer) =>
        canonical(entries(answer).toSorted((a, b) => (String(a['Key']) < String(b['Key']) ? -1 : 1))),
      );
      return left === right ? [] : ['the copies are not what the box holds'];
    },
    *restorable() {
      return { problems: [], losses: [] };
    },
    apart: (live, as) =>
      as === null
        ? { blocked: 'a box needs a name: --as NAME' }
        : { ...live, identity: as, properties: { ...live.properties, BoxName: as } },
    *restore(context: StepContext, capture) {
      const { identity, properties, systemTags } = context.live as LiveResource;
      const { 'aiplan:op': _op, ...system } = systemTags;
      const tags = { ...tagsOf(properties), ...system, ...context.ownership, 'aiplan:restored-from': identity };
      const { Policy, Tags: _tags, ...rest } = properties;
      if (context.remains === undefined)
        yield* send({
          service: 's3',
          operation: 'CreateBox',
          identity,
          retry: 'named',
          purpose: 'create the box again',
          input: { ...rest, Tags: tags },
        });
      else {
        yield* setPolicy(identity, null, 'open the box for what comes back');
        yield* send(change('SetBoxTags', identity, 'mark it as restored', { Tags: tags, Remove: [] }));
      }
      const there = new Set(keys(yield* look(objectsOf(identity), { Objects: [] })));
      const missing = keys(yield* look(copiesOf(String(capture.refs['copies'])), onePreview)).filter(
        (key) => !there.has(key),
      );
      yield* sendAll(
        missing.map((Key) =>
          change('RestoreObject', identity, 'bring an object back', { Key, From: String(capture.refs['copies']) }),
        ),
        'bring the objects back',
      );
      yield* send(change('PutBox', identity, 'set what it was', { Set: { ...rest, Policy: Policy ?? null } }));
      return { identity, map: {} };
    },
  },
  iam: {
    read: ['s3:ListBoxes', 's3:ListBoxObjects'],
    write: ['s3:CreateBox', 's3:PutBox', 's3:PutBoxPolicy', 's3:SetBoxTags', 's3:DeleteObject', 's3:DeleteBox'],
    capture: ['s3:CopyObject'],
    restore: ['s3:RestoreObject'],
  },
};
