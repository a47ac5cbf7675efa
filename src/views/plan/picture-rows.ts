import { wordOf } from '../step/card-rows.ts';
import type { Picture } from './picture.ts';
import { mostDrawn } from './picture.ts';
import { row, span, type Row } from '../base/rows.ts';
import { glyphs, toneOf } from '../base/theme.ts';

/**
 * The picture in words, for whoever cannot see it: the same steps in the order of execution, each with those that it
 * waits for. Nothing where a plan has no two steps that could stand in an order.
 */
export function pictureRows({ nodes, after, of }: Picture): readonly Row[] {
  if (of < 2) return [];
  return [
    row(0, span('Order of execution', 'title'), span(related(after) ? '' : ': no step waits for another one', 'muted')),
    ...leftOut(nodes.length, of),
    ...[...nodes]
      .sort((a, b) => a.place - b.place)
      .map(({ step, place }) =>
        row(
          2,
          span(`${String(place).padStart(String(of).length)}. `, 'muted'),
          span(`${glyphs[step.action]} ${step.blocked ? 'BLOCKED ' : ''}${wordOf(step)}`, toneOf(step)),
          ` ${step.id}`,
          (after.get(step.id) ?? []).length === 0
            ? ''
            : span(`, after ${(after.get(step.id) ?? []).join(', ')}`, 'muted'),
        ),
      ),
  ];
}

const related = (after: Picture['after']): boolean => [...after.values()].some((before) => before.length > 0);

function leftOut(shown: number, of: number): readonly Row[] {
  if (shown === of) return [];
  const number = (count: number): string => count.toLocaleString('en');
  return [
    row(
      2,
      span(
        `${number(shown)} of ${number(of)} steps: those that are connected to a destruction or a grant${shown >= mostDrawn ? `, at most ${mostDrawn}` : ''}; the others are left out here`,
        'warning',
      ),
    ),
  ];
}
