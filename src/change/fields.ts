import type { DeclaredAction } from '../model/change-plan.ts';

export const actions: readonly DeclaredAction[] = ['read', 'create', 'update', 'replace', 'delete'];

/**
 * What an action makes of a field: `one-of`: exactly one of `id` and `find`; `ignored`: allowed, without effect, with a
 * finding. Where a grant or destruction asks for more (`reason`, `when`, `accept_loss`), the planner says so: only it knows.
 */
export type FieldUse = 'required' | 'optional' | 'one-of' | 'ignored' | 'no';

const row = (read: FieldUse, create: FieldUse, update: FieldUse, replace: FieldUse, remove: FieldUse): Readonly<Record<DeclaredAction, FieldUse>> =>
  ({ read, create, update, replace, delete: remove });

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

/** Why a field cannot stand in an action, and what to do instead. */
export const instead: Readonly<Partial<Record<FieldName, Readonly<Partial<Record<DeclaredAction, string>>>>>> = {
  id: { create: 'delete the line: AWS assigns ids, and names stand in  properties' },
  find: { create: 'delete the line: a create makes something new', replace: 'write  id: …  ; a replacement names its victim', delete: 'write  id: …  ; a deletion names its victim' },
  properties: { read: 'delete the line; to change the resource write  action: update' },
  expect: { create: 'delete the line: there is nothing yet to expect' },
  reason: { read: 'delete the line: reading needs no reason' },
  order: { read: 'delete the line', create: 'delete the line', update: 'delete the line', delete: 'delete the line' },
  rotate: { create: 'delete the line: a create sets the secret', replace: 'delete the line: a replacement sets the secret' },
};

