import type { JsonObject } from '../../base/json.ts';
import { bounded, counted, cut, signs, type Shown, type Side, type Viewing } from './diff-view.ts';
import { policyDiff, statementsOf, type FieldDiff, type Statement } from './policy-diff.ts';
import { row, span, type Row } from '../base/rows.ts';

/** Two policies statement by statement; what does not change is counted in one line. */
export function policyRows(before: JsonObject, after: JsonObject, viewing: Viewing): Shown {
  const diff = policyDiff(before, after);
  const rows: Row[] = [
    ...diff.fields.flatMap((field) => fieldRows(field, 0, viewing)),
    ...diff.changed.flatMap(({ before: old, after: fresh, fields }) => [
      row(0, span(`${signs.changed} ${nameOf(fresh, old)} (changed)`, 'change')),
      ...fields.flatMap((field) => fieldRows(field, 4, viewing)),
      // Who may do what stays readable where only one part of it changes.
      row(4, span(`now: ${cut(sentence(fresh), viewing)}`, 'muted')),
    ]),
    ...diff.removed.map((statement) => statementRow('removed', statement, viewing)),
    ...diff.added.map((statement) => statementRow('added', statement, viewing)),
  ];
  const counts = counted([
    [diff.changed.length, 'changed'],
    [diff.removed.length, 'removed'],
    [diff.added.length, 'added'],
    [diff.unchanged, 'unchanged'],
  ]);
  const headline =
    rows.length === 0
      ? 'the same in other words: only the spelling or the order differs'
      : `statements: ${counts === '' ? 'none' : counts}`;
  return { headline: [span(headline)], below: bounded(rows, viewing) };
}

/** All statements of a policy that was not there, or is no more. */
export function policySide(side: Side, policy: JsonObject, viewing: Viewing): Shown {
  const statements = statementsOf(policy);
  return {
    headline: [span(`policy of ${statements.length} statement${statements.length === 1 ? '' : 's'}`)],
    below: bounded(
      statements.map((statement) => statementRow(side, statement, viewing)),
      viewing,
    ),
  };
}

const statementRow = (side: Side, statement: Statement, viewing: Viewing): Row =>
  row(0, span(`${signs[side]} ${nameOf(statement)} (${side}): `, side), span(cut(sentence(statement), viewing), side));

/** By its `Sid` where it has one; the one that it had before where that changes. */
function nameOf({ sid, effect }: Statement, before?: Statement): string {
  const was = before !== undefined && before.sid !== sid && before.sid !== null ? `, before "${before.sid}"` : '';
  return sid === null ? `${effect === '' ? '' : `${effect} `}statement without Sid${was}` : `statement "${sid}"${was}`;
}

/** `Allow Principal * (everyone); Action s3:GetObject; Resource …`. */
const sentence = ({ effect, parts }: Statement): string =>
  [
    effect,
    ...Object.entries(parts).map(([name, items]) => `${name} ${items.map((item) => itemText(name, item)).join(', ')}`),
  ]
    .filter((text) => text !== '')
    .join('; ');

const itemText = (field: string, item: string): string =>
  field === 'Principal' && /^(?:AWS )?\*$/u.test(item) ? `${item} (everyone)` : item;

/** The values that one field lost and gained; a single value that took the place of another as `old → new`. */
function fieldRows({ field, removed, added }: FieldDiff, indent: number, viewing: Viewing): readonly Row[] {
  const text = (item: string | undefined): string => cut(itemText(field, item ?? ''), viewing);
  if (removed.length === 1 && added.length === 1)
    return [
      row(
        indent,
        span(`${signs.changed} ${field}: `, 'change'),
        span(text(removed[0]), 'removed'),
        ' → ',
        span(text(added[0]), 'added'),
      ),
    ];
  const side = (name: Side, items: readonly string[]): readonly Row[] =>
    items.map((item) => row(indent, span(`${signs[name]} ${field}: ${text(item)} (${name})`, name)));
  return [...side('removed', removed), ...side('added', added)];
}
