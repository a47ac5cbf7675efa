import type { Json } from '../../base/json.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { isUnknownFact } from './evidence-rows.ts';
import { value } from '../base/format.ts';
import { row, span, type Row, type Tone } from '../base/rows.ts';
import { glyphs, toneOf } from '../base/theme.ts';

/** Levels and branches that are drawn; the rest is counted. */
const deepest = 3;
const mostBranches = 30;

interface Links {
  readonly byId: ReadonlyMap<string, Step>;
  readonly after: ReadonlyMap<string, readonly string[]>;
}

const known = new WeakMap<readonly Step[], Links>();

/** The steps by address, and which run after which; worked out once for a plan. */
function linksOf(steps: readonly Step[]): Links {
  let links = known.get(steps);
  if (links === undefined) {
    const after = new Map<string, string[]>();
    for (const { id, dependsOn } of steps) {
      for (const before of dependsOn) {
        const list = after.get(before);
        if (list === undefined) after.set(before, [id]);
        else list.push(id);
      }
    }
    links = { byId: new Map(steps.map((step) => [step.id, step])), after };
    known.set(steps, links);
  }
  return links;
}

/** The steps that this one needs, the steps that need it, and the users of the resource in AWS, as small trees. */
export function dependsRows(step: Step, plan: Pick<Plan, 'steps'>): readonly Row[] {
  const links = linksOf(plan.steps);
  const needs = tree(step.id, links, (id) => links.byId.get(id)?.dependsOn ?? []);
  const needed = tree(step.id, links, (id) => links.after.get(id) ?? []);
  return [
    row(0, span(`${glyphs[step.action]} ${step.id}`, 'title'), span(' in this plan', 'muted')),
    ...section('needs', 'these run before it', needs),
    ...section('needed by', 'these run after it', needed),
    ...(step.evidence.binding['dependents'] === undefined
      ? [row(0, span('used by: ', 'title'), span('not looked up for this step', 'muted'))]
      : section('used by', 'what AWS says uses it now', usersOf(step))),
  ];
}

const section = (title: string, about: string, rows: readonly Row[]): readonly Row[] =>
  rows.length === 0
    ? [row(0, span(`${title}: `, 'title'), span('nothing', 'muted'))]
    : [row(0, span(`${title}: `, 'title'), span(about, 'muted')), ...rows];

/** One tree below an address. An address that was drawn already is named, not drawn again; a circle ends so too. */
function tree(root: string, links: Links, childrenOf: (id: string) => readonly string[]): readonly Row[] {
  const drawn = new Set<string>([root]);
  const rows: Row[] = [];
  const draw = (id: string, prefix: string, depth: number): void => {
    const children = childrenOf(id);
    const shown = children.slice(0, mostBranches);
    const rest = children.length - shown.length;
    shown.forEach((child, index) => {
      const last = index === shown.length - 1 && rest === 0;
      const again = drawn.has(child);
      drawn.add(child);
      const below = again ? 0 : childrenOf(child).length;
      const more = again ? ' (above)' : depth >= deepest && below > 0 ? ` (${below} more below it)` : '';
      rows.push(row(2, span(`${prefix}${last ? '└─ ' : '├─ '}`, 'muted'), ...named(child, links), span(more, 'muted')));
      if (!again && depth < deepest) draw(child, `${prefix}${last ? '   ' : '│  '}`, depth + 1);
    });
    if (rest > 0) rows.push(row(2, span(`${prefix}└─ … and ${rest} more`, 'muted')));
  };
  draw(root, '', 1);
  return rows;
}

/** A step of the plan by glyph, address, word and identity; an address that only looks something up is said so. */
function named(id: string, { byId }: Links) {
  const step = byId.get(id);
  if (step === undefined) return [span(id), span(' (only looked up)', 'muted')];
  return [
    span(`${glyphs[step.action]} ${id}`, toneOf(step)),
    span(
      ` ${step.action === 'keep' ? 'unchanged' : step.action}${step.identity === null ? '' : ` ${step.identity}`}`,
      'muted',
    ),
  ];
}

function usersOf({ evidence }: Step): readonly Row[] {
  const dependents = evidence.binding['dependents'];
  if (dependents === undefined) return [];
  const users: readonly Json[] = Array.isArray(dependents) ? dependents : [dependents];
  const shown = users.slice(0, mostBranches);
  const rest = users.length - shown.length;
  const line = (text: string, last: boolean, tone: Tone): Row =>
    row(2, span(last ? '└─ ' : '├─ ', 'muted'), span(text, tone));
  return [
    ...shown.map((user, index) =>
      line(
        user === 'unknown' ? 'unknown: it could not be read' : value(user),
        index === shown.length - 1 && rest === 0,
        isUnknownFact(user) ? 'unknown' : 'warning',
      ),
    ),
    ...(rest > 0 ? [line(`… and ${rest} more`, true, 'warning')] : []),
  ];
}
