import type { DeclaredAction } from '../domain/change-plan.ts';

export const actions: readonly DeclaredAction[] = ['read', 'create', 'update', 'replace', 'delete'];

/**
 * The use of a field in an action: `one-of`: exactly one of `id` and `find`; `ignored`: allowed, without effect, with a
 * finding. Where a grant or destruction asks for more (`reason`, `when`, `accept_loss`), the planner says so: only it
 * knows.
 */
export type FieldUse = 'required' | 'optional' | 'one-of' | 'ignored' | 'no';

const row = (
  read: FieldUse,
  create: FieldUse,
  update: FieldUse,
  replace: FieldUse,
  remove: FieldUse,
): Readonly<Record<DeclaredAction, FieldUse>> => ({ read, create, update, replace, delete: remove });

/** The fields of an entry, in the order in which they are written. */
export const fields = {
  type: row('required', 'required', 'required', 'required', 'required'),
  action: row('required', 'required', 'required', 'required', 'required'),
  id: row('one-of', 'no', 'one-of', 'required', 'required'),
  find: row('one-of', 'no', 'one-of', 'no', 'no'),
  when: row('ignored', 'ignored', 'optional', 'optional', 'ignored'),
  order: row('no', 'no', 'no', 'required', 'no'),
  carry: row('no', 'no', 'no', 'optional', 'no'),
  reason: row('no', 'optional', 'optional', 'required', 'required'),
  accept_loss: row('ignored', 'ignored', 'optional', 'optional', 'optional'),
  depends_on: row('optional', 'optional', 'optional', 'optional', 'optional'),
  rotate: row('no', 'no', 'optional', 'no', 'no'),
  expect: row('optional', 'no', 'optional', 'optional', 'optional'),
  properties: row('no', 'required', 'required', 'required', 'optional'),
} as const satisfies Readonly<Record<string, Readonly<Record<DeclaredAction, FieldUse>>>>;

export type FieldName = keyof typeof fields;
export const fieldNames = Object.keys(fields) as readonly FieldName[];

/** Fields of other tools that agents write into an entry, with what the language has instead. */
const OTHERS: Readonly<Record<string, string>> = {
  deletion_policy:
    'delete the line: nothing is deleted unless an entry says  action: delete , and aiplan takes a snapshot first',
  deletionpolicy: 'delete the line: nothing is deleted unless an entry says  action: delete',
  condition: 'delete the line: a change plan has no conditions',
  count: 'write one entry for each',
  for_each: 'write one entry for each',
  lifecycle: 'delete the line',
  provider: 'delete the line',
  metadata: 'delete the line',
  tags: 'tags stand in the properties:  properties: { Tags: { … } }',
  name: 'the name of a resource stands in its properties',
  region: 'the region stands in  target',
  account: 'the account stands in  target',
};
export const unsupportedField = (name: string): string | undefined => OTHERS[name.toLowerCase()];

/** Words that other tools have for the actions. */
export const otherActions: Readonly<Record<string, DeclaredAction>> = {
  destroy: 'delete',
  remove: 'delete',
  terminate: 'delete',
  drop: 'delete',
  modify: 'update',
  change: 'update',
  patch: 'update',
  edit: 'update',
  resize: 'update',
  add: 'create',
  new: 'create',
  make: 'create',
  recreate: 'replace',
  get: 'read',
  lookup: 'read',
  data: 'read',
  describe: 'read',
  import: 'read',
  keep: 'read',
  none: 'read',
};

/** Why a field cannot stand in an action, and what to do instead. */
export const instead: Readonly<Partial<Record<FieldName, Readonly<Partial<Record<DeclaredAction, string>>>>>> = {
  id: { create: 'delete the line: AWS assigns ids, and names stand in  properties' },
  find: {
    create: 'delete the line: a create makes something new',
    replace: 'write  id: …  ; a replacement names its victim',
    delete: 'write  id: …  ; a deletion names its victim',
  },
  properties: { read: 'delete the line; to change the resource write  action: update' },
  expect: { create: 'delete the line: there is nothing yet to expect' },
  reason: { read: 'delete the line: reading needs no reason' },
  order: { read: 'delete the line', create: 'delete the line', update: 'delete the line', delete: 'delete the line' },
  rotate: {
    create: 'delete the line: a create sets the secret',
    replace: 'delete the line: a replacement sets the secret',
  },
};
