import type { Knowledge } from '../../domain/property-hints.ts';
import { canonical } from '../../base/digest.ts';
import { isUnknown } from '../../base/json.ts';
import type { Step } from '../../domain/plan.ts';
import { counted, cut, isScalar, shift, signs, type Viewing } from '../diff/diff-view.ts';
import { value } from '../base/format.ts';
import { row, span, type Row, type Tone } from '../base/rows.ts';
import { oneSide, valueDiff } from '../diff/value-diff.ts';
import type { AttributeChange } from '../../domain/attribute-change.ts';

/** A row of the changes of a step, and the index of the change that it belongs to; null for what is about several. */
export interface ChangeLine {
  readonly row: Row;
  readonly change: number | null;
}

/** The text of a card where no knowledge of a type was given. */
type Changing = Pick<Step, 'type' | 'action' | 'changes'>;

/**
 * The attribute changes of a step in their order: `+` added, `-` removed, `~` changed, each with its effect in words
 * and the reasons for it. Several elements of one list stand under its name, with what comes and goes counted.
 */
export function changeLinesOf(step: Changing, knowledge: Knowledge): readonly ChangeLine[] {
  const lines: ChangeLine[] = [];
  for (let index = 0; index < step.changes.length;) {
    const list = listOf(step.changes[index]?.path ?? '');
    let end = index + 1;
    while (list !== null && end < step.changes.length && listOf(step.changes[end]?.path ?? '') === list) end += 1;
    const grouped = list !== null && end - index > 1;
    if (grouped) lines.push({ change: null, row: groupRow(list, step.changes.slice(index, end), step) });
    const said = new Set<string>();
    for (; index < end; index += 1) {
      const change = step.changes[index] as AttributeChange;
      const rows = changeRows(
        grouped ? withoutRepeats(change, said) : change,
        step,
        knowledge,
        grouped ? change.path.slice(list.length) : change.path,
      );
      for (const line of grouped ? shift(rows, 2) : rows) lines.push({ change: index, row: line });
    }
  }
  return lines;
}

/** One reason for several elements is told once. */
function withoutRepeats(change: AttributeChange, said: Set<string>): AttributeChange {
  const notes = change.notes?.map((note) => (said.has(note) && note.length > asAbove.length ? asAbove : note));
  for (const note of change.notes ?? []) said.add(note);
  return notes === undefined ? change : { ...change, notes };
}

const asAbove = 'for the reason above';

/** The list of a change of one of its elements: what stands before the first bracket. A tag's key may hold anything. */
function listOf(path: string): string | null {
  const at = path.indexOf('[');
  return at <= 0 || path.startsWith('Tags.') ? null : path.slice(0, at);
}

/** `~ SecurityGroupIngress: 1 added, 2 removed; what is not named stays`. */
function groupRow(list: string, changes: readonly AttributeChange[], { action }: Changing): Row {
  if (action === 'create') return row(2, span(`${signs.added} ${list}: `, 'change'), `${changes.length} elements`);
  // Of an element that stays, fields change: `Rules[a].Status`.
  const within = changes.flatMap(({ path }) => (path.includes('].') ? [path.slice(0, path.indexOf('].'))] : []));
  const whole = changes.filter(({ path }) => !path.includes('].'));
  const added = whole.filter(({ before }) => before === null).length;
  const removed = whole.filter(({ after }) => after === null).length;
  const counts = counted([
    [removed, 'removed'],
    [added, 'added'],
    [whole.length - added - removed + new Set(within).size, 'changed'],
  ]);
  return row(2, span(`${signs.changed} ${list}: `, 'change'), span(`${counts}; what is not named stays as it is`));
}

/** An attribute change: old → new, with its effect and the reasons for it. `name` is how it is called in its place. */
function changeRows(
  change: AttributeChange,
  step: Changing,
  knowledge: Knowledge,
  name: string = change.path,
): readonly Row[] {
  const { path, before, after, effect } = change;
  const tone: Tone =
    effect === 'destructive' || effect === 'replace' ? 'destroy' : effect === 'grant' ? 'grant' : 'change';
  const side = before === null ? 'added' : after === null ? 'removed' : null;
  // A loss or a grant is shown whole: the worst of it could stand at its end.
  const viewing: Viewing = {
    whole: effect === 'destructive' || effect === 'grant',
    about: (below) => knowledge(step.type, below),
  };
  const shown =
    side === null
      ? valueDiff(path, before, after, viewing)
      : oneSide(side, path, side === 'added' ? after : before, viewing);
  const words = [
    ...(side === null || (side === 'added' && step.action === 'create') ? [] : [side]),
    ...(effect === 'in-place' ? [] : [effect]),
  ];
  // An element that is its own key needs no second telling.
  const own = side === null ? null : side === 'added' ? after : before;
  const key = own === null ? '' : `[${isUnknown(own) ? own.$unknown : isScalar(own) ? value(own) : canonical(own)}]`;
  const label = key !== '' && name.endsWith(key) ? name.slice(0, -key.length) : name;
  return [
    row(
      2,
      span(`${side === null ? signs.changed : signs[side]} ${cut(label, viewing)}${label === '' ? '' : ': '}`, tone),
      ...shown.headline,
      span(words.length === 0 ? '' : ` (${words.join(', ')})`, tone),
    ),
    ...shift(shown.below, 6),
    ...(change.notes ?? []).map((note) => row(6, span(note, tone))),
    ...authoredRows(change.authored),
  ];
}

/** Whole, however long: what runs as root on an instance is not for skipping. */
function authoredRows(authored: string | undefined): readonly Row[] {
  const lines = (authored ?? '').split(/\r\n|\n|\r/u);
  return lines
    .filter((line, index) => line !== '' || index < lines.length - 1)
    .map((line) => row(6, span('| ', 'muted'), line.replaceAll('\t', '  ')));
}

/** AWS's own documentation line of the property that a change is about; null where there is none. */
export function documentationRowOf(step: Changing, change: number, knowledge: Knowledge): Row | null {
  const path = step.changes[change]?.path;
  const documentation = path === undefined ? null : knowledge(step.type, path).documentation;
  return documentation === null ? null : row(2, span('AWS: ', 'muted'), span(documentation));
}
