import { isObject } from '../../base/json.ts';
import { noKnowledge, type Knowledge } from '../../domain/property-hints.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { changeLinesOf } from './change-rows.ts';
import { claimRows } from './claim-rows.ts';
import { factRows } from './evidence-rows.ts';
import { labelled } from '../diff/labelled.ts';
import { captureRows, hazardRows, leftoverRows, lostRows, sourceRows, recoverabilityRows } from './recovery-rows.ts';
import { row, span, type Row } from '../base/rows.ts';
import { glyphs, toneOf } from '../base/theme.ts';

/**
 * The card of a step (DESIGN section 8): what would be hurt, from AWS; what will be captured; how it comes back; what
 * is lost; the calls; and apart from all that, the author's claim. Made of the same rows as the tabs. `now` in
 * milliseconds since 1970; `knowledge` lets policies be compared by statement.
 */
export function cardRows(step: Step, plan: Plan, now: number, knowledge: Knowledge = noKnowledge): readonly Row[] {
  const { target } = plan;
  return [
    stepRow(step),
    // What is lost or opened comes first, so that no small screen leaves it below the edge.
    ...hazardRows(step),
    labelled('type', step.type),
    labelled(
      'account',
      `${target.alias === undefined ? '' : `${target.alias} `}${target.account}, ${target.region}${target.endpoint === null ? '' : `, endpoint ${target.endpoint}`}`,
    ),
    ...recoverabilityRows(step),
    ...factRows([step.evidence.observed, step.evidence.binding], now),
    ...changeLinesOf(step, knowledge).map((line) => line.row),
    ...leftoverRows(step),
    ...captureRows(step),
    ...sourceRows(step),
    ...lostRows(step),
    ...(step.calls.length > 0 ? [labelled('calls', step.calls.join(', '), 'muted')] : []),
    ...claimRows(step, plan),
  ];
}

/** The one line that names a step: glyph, word, address, type and identity. */
export function stepRow(step: Step): Row {
  const tone = toneOf(step);
  return row(
    0,
    span(`${glyphs[step.action]} ${step.blocked ? 'BLOCKED ' : ''}${wordOf(step)}`, tone),
    span(` ${step.id}`, 'title'),
    step.identity === null ? newName(step) : span(` ${step.identity}`, 'title'),
    step.destruction === null ? '' : span(' [destruction]', 'destroy'),
    step.grant === null ? '' : span(' [grant]', 'grant'),
    step.identity === null ? '' : givenName(step),
  );
}

/** More of a name than this is in the facts below. */
const longestName = 40;

/** What people call a resource that AWS only numbers; a name that only a tag gives it is marked as such. */
function givenName({ evidence: { observed } }: Step): string {
  const [name, tagged] = [observed['name'], observed['taggedName']];
  if (typeof name === 'string') return ` "${shortened(name)}"`;
  return typeof tagged === 'string' ? ` tagged "${shortened(tagged)}"` : '';
}

function shortened(name: string): string {
  const characters = [...name.slice(0, longestName * 2)];
  return `${characters.slice(0, longestName).join('')}${characters.length > longestName ? '…' : ''}`;
}

/** Properties in which a new resource is given its name, the most telling first. */
const naming = ['BucketName', 'DBInstanceIdentifier', 'GroupName', 'Tags.Name'];

/** What has no identity yet is known by the name that it will have. */
function newName({ action, changes }: Step): string {
  if (action !== 'create') return '';
  const tags = changes.find(({ path }) => path === 'Tags')?.after;
  const given = [
    ...naming.map((path) => changes.find((change) => change.path === path)?.after),
    isObject(tags) ? tags['Name'] : null,
  ].find((after) => typeof after === 'string');
  return given === undefined ? '' : ` "${String(given)}"`;
}

/** What happens to the resource, in one word; a create from a capture is a restore. */
export const wordOf = (step: Step): string =>
  step.restores !== undefined ? 'restore' : step.action === 'keep' ? 'unchanged' : step.action;
