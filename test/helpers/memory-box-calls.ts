import type { Json, JsonObject } from '../../src/base/json.ts';
import { assign, make, need, setTags, withinQuota } from './memory-items.ts';
import { BOX } from './memory-schemas.ts';
import { awsError, keyOf, type Item, type State } from './memory-state.ts';
import { record, text } from './memory-values.ts';

/** The word in a box's policy that closes it to writes. */
export const CLOSED = 'closed';

type Table = Readonly<Record<string, (state: State, input: JsonObject) => JsonObject>>;

const split = (row: string): readonly [string, string] => [
  row.slice(0, row.indexOf('=')),
  row.slice(row.indexOf('=') + 1),
];
const objectsOf = (item: Item): Map<string, string> => new Map(item.rows.map(split));
const listed = (objects: ReadonlyMap<string, string>): JsonObject => ({
  Objects: [...objects].map(([Key, Body]) => ({ Key, ETag: `"${Body}"` })),
});
const boxOf = (state: State, input: JsonObject, operation: string): Item =>
  need(state, BOX, text(input['BoxName']), operation);

/** A closed box takes nothing in; what is in it can still be deleted. */
function refuseClosed(item: Item, operation: string): void {
  if (item.properties['Policy'] === CLOSED)
    throw awsError(operation, 'AccessDenied', 'denied', `the policy of ${item.identity} denies it`);
}

/** Reads of boxes and of the copies of their objects. Objects are read as they are: S3 is strongly consistent there. */
export const boxReads: Table = {
  's3:ListBoxObjects': (state, input) => {
    const item = state.items.get(keyOf(BOX, text(input['BoxName'])));
    if (item === undefined)
      throw awsError('s3:ListBoxObjects', 'NoSuchBox', 'absent', `no box ${text(input['BoxName'])}`);
    return listed(objectsOf(item));
  },
  's3:ListCopies': (state, input) => listed(state.copies.get(text(input['Name'])) ?? new Map()),
};

/** Changes of boxes, each of one object or of the box's own settings. */
export const boxMutations: Table = {
  's3:CreateBox': (state, { Tags, ...properties }) => {
    const name = text(properties['BoxName']);
    if (state.items.has(keyOf(BOX, name)))
      throw awsError('s3:CreateBox', 'BucketAlreadyOwnedByYou', 'exists', `${name} exists`);
    withinQuota(state, BOX, 's3:CreateBox', 'TooManyBuckets');
    make(state, BOX, name, { Settings: {}, ...(properties as Record<string, Json>) }, record(Tags), 'present');
    return { BoxName: name };
  },
  's3:PutBox': (state, input) => {
    assign(boxOf(state, input, 's3:PutBox'), input['Set']);
    return {};
  },
  's3:PutBoxPolicy': (state, input) => {
    assign(boxOf(state, input, 's3:PutBoxPolicy'), { Policy: input['Policy'] ?? null });
    return {};
  },
  's3:SetBoxTags': (state, input) => {
    setTags(boxOf(state, input, 's3:SetBoxTags'), input);
    return {};
  },
  's3:CopyObject': (state, input) => {
    const [name, key] = [text(input['To']), text(input['Key'])];
    const body = objectsOf(boxOf(state, input, 's3:CopyObject')).get(key);
    if (body === undefined) throw awsError('s3:CopyObject', 'NoSuchKey', 'absent', `no object ${key}`);
    state.copies.set(name, new Map(state.copies.get(name) ?? []).set(key, body));
    return {};
  },
  's3:RestoreObject': (state, input) => {
    const item = boxOf(state, input, 's3:RestoreObject');
    refuseClosed(item, 's3:RestoreObject');
    const body = state.copies.get(text(input['From']))?.get(text(input['Key']));
    if (body === undefined)
      throw awsError('s3:RestoreObject', 'NoSuchKey', 'absent', `no copy of ${text(input['Key'])}`);
    item.rows = [...objectsOf(item).set(text(input['Key']), body)].map(([key, value]) => `${key}=${value}`);
    return {};
  },
  's3:DeleteObject': (state, input) => {
    const item = boxOf(state, input, 's3:DeleteObject');
    item.rows = item.rows.filter((row) => split(row)[0] !== input['Key']);
    return {};
  },
  's3:DeleteBox': (state, input) => {
    const item = boxOf(state, input, 's3:DeleteBox');
    if (item.rows.length > 0)
      throw awsError(
        's3:DeleteBox',
        'BucketNotEmpty',
        'dependency',
        `${item.identity} holds ${item.rows.length} objects`,
      );
    state.items.delete(keyOf(BOX, item.identity));
    return {};
  },
};
