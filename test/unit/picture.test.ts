import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Step } from '../../src/domain/plan.ts';
import { box, mostDrawn, pictureOf, type Picture } from '../../src/views/plan/picture.ts';
import { layoutOf } from '../../src/views/plan/picture-layout.ts';
import { pictureRows } from '../../src/views/plan/picture-rows.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { pictureSvg, shortened } from '../../src/views/html/svg.ts';
import { elements, parseHtml, textOf } from '../helpers/html-tree.ts';
import { platformPlan } from '../helpers/platform-plan.ts';
import { baseStep, samplePlan } from '../helpers/sample-plan.ts';

const parameters = {
  seed: Number(process.env['AIPLAN_SEED'] ?? 20260226),
  numRuns: Number(process.env['AIPLAN_RUNS'] ?? 60),
};

/** A plan whose step i waits for some of the steps before it. */
const graph = (
  count: number,
  waits: (index: number) => readonly number[],
  over: (index: number) => Partial<Step> = () => ({}),
) =>
  samplePlan(
    Array.from({ length: count }, (_, index): Step => ({
      ...baseStep,
      id: `S${index}`,
      digest: `sha256:${index}`,
      dependsOn: waits(index).map((at) => `S${at}`),
      ...over(index),
    })),
  );
const graphs = fc
  .integer({ min: 1, max: 40 })
  .chain((count) =>
    fc
      .array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 60 })
      .map((pairs) =>
        graph(count, (index) => [
          ...new Set(pairs.filter(([a, b]) => Math.max(a, b) === index && a !== b).map(([a, b]) => Math.min(a, b))),
        ]),
      ),
  );

const overlaps = ({ nodes }: Picture): readonly string[] =>
  nodes.flatMap((a, index) =>
    nodes
      .slice(index + 1)
      .filter((b) => Math.abs(a.x - b.x) < box.width && Math.abs(a.y - b.y) < box.height)
      .map((b) => `${a.step.id} and ${b.step.id}`),
  );

describe('the dependency picture', () => {
  it('draws every step once, none over another, and every line from left to right', () => {
    fc.assert(
      fc.property(graphs, (plan) => {
        const picture = pictureOf(plan);
        expect(picture.nodes.map(({ step }) => step.id).sort()).toEqual(plan.steps.map(({ id }) => id).sort());
        expect(overlaps(picture)).toEqual([]);
        const at = new Map(picture.nodes.map((node) => [node.step.id, node] as const));
        for (const { from, to, points } of picture.edges) {
          const [start, end] = [at.get(from.id), at.get(to.id)];
          expect(points[0]).toEqual({ x: (start?.x ?? 0) + box.width, y: (start?.y ?? 0) + box.height / 2 });
          expect(points.at(-1)).toEqual({ x: end?.x, y: (end?.y ?? 0) + box.height / 2 });
          expect(points.every(({ x }, index) => index === 0 || x > (points[index - 1]?.x ?? 0))).toBe(true);
        }
        expect(picture.edges.map(({ from, to }) => `${to.id} ${from.id}`).sort()).toEqual(
          plan.steps.flatMap(({ id, dependsOn }) => dependsOn.map((other) => `${id} ${other}`)).sort(),
        );
        for (const { x, y } of picture.nodes) {
          expect(x).toBeGreaterThanOrEqual(0);
          expect(y).toBeGreaterThanOrEqual(0);
          expect(x + box.width).toBeLessThanOrEqual(picture.width);
          expect(y + box.height).toBeLessThanOrEqual(picture.height);
        }
      }),
      parameters,
    );
  });

  it('is the same for the same plan', () => expect(pictureOf(platformPlan())).toEqual(pictureOf(platformPlan())));

  const sizes = { width: 100, height: 40, gap: { x: 20, y: 10 } };

  it('puts a step behind the longest way to it', () => {
    const { corners, lines } = layoutOf(
      ['a', 'b', 'c', 'd'],
      [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'c' },
        { from: 'a', to: 'c' },
        { from: 'd', to: 'c' },
      ],
      sizes,
    );
    const at = (name: string): number => corners.get(name)?.x ?? -1;
    expect([at('a'), at('b'), at('c')]).toEqual([0, 120, 240]);
    expect(at('d')).toBeLessThan(at('c'));
    // The line from a to c passes the layer of b beside it.
    expect(lines.map((line) => line.length).slice(0, 3)).toEqual([2, 2, 4]);
  });

  it('lets no line cross where none has to', () => {
    // Written so that every line crosses every other one until the layers are sorted.
    const { corners } = layoutOf(
      ['a', 'b', 'c', 'x', 'y', 'z'],
      [
        { from: 'a', to: 'z' },
        { from: 'b', to: 'y' },
        { from: 'c', to: 'x' },
      ],
      sizes,
    );
    const order = (names: readonly string[]): readonly string[] =>
      names.toSorted((one, other) => (corners.get(one)?.y ?? 0) - (corners.get(other)?.y ?? 0));
    expect(order(['x', 'y', 'z'])).toEqual(order(['a', 'b', 'c']).map((name) => ({ a: 'z', b: 'y', c: 'x' })[name]));
  });

  it('stands a circle, which only an edited file can have', () => {
    const picture = pictureOf(graph(3, (index) => [(index + 1) % 3]));
    expect(picture.nodes).toHaveLength(3);
    expect(overlaps(picture)).toEqual([]);
  });

  it('of one step is a box without words below it', () => {
    const picture = pictureOf(graph(1, () => []));
    expect([picture.width, picture.height]).toEqual([box.width, box.height]);
    expect(pictureRows(picture)).toEqual([]);
  });

  it('of many steps draws those that are connected to a destruction or a grant, and says so', () => {
    const plan = graph(
      200,
      (index) => (index % 20 === 3 || index === 101 ? [index - 1] : []),
      (index) =>
        index % 20 === 3 ? { destruction: { loses: ['x'] } } : index === 100 ? { grant: { opens: ['y'] } } : {},
    );
    const picture = pictureOf(plan);
    expect(picture.nodes.map(({ step }) => step.id).sort()).toEqual(
      [...Array.from({ length: 10 }, (_, at) => [`S${at * 20 + 3}`, `S${at * 20 + 2}`]).flat(), 'S100', 'S101'].sort(),
    );
    expect(plainText(pictureRows(picture)[1] ?? { indent: 0, spans: [] })).toBe(
      '  22 of 200 steps: those that are connected to a destruction or a grant; the others are left out here',
    );
  });

  it('of 10,000 destructions stays a picture, and says how many it shows', () => {
    const picture = pictureOf(
      graph(
        10_000,
        (index) => (index % 2 === 1 ? [index - 1] : []),
        () => ({ destruction: { loses: ['x'] } }),
      ),
    );
    expect(picture.nodes).toHaveLength(mostDrawn);
    expect(plainText(pictureRows(picture)[1] ?? { indent: 0, spans: [] })).toBe(
      `  ${mostDrawn} of 10,000 steps: those that are connected to a destruction or a grant, at most ${mostDrawn}; the others are left out here`,
    );
  });
});

describe('the picture in words', () => {
  it('names the same steps and the same relations as the picture, in the order of execution', () => {
    fc.assert(
      fc.property(graphs, (plan) => {
        const picture = pictureOf(plan);
        const rows = pictureRows(picture).slice(1).map(plainText);
        if (plan.steps.length > 1)
          expect(rows.map((text) => /^\s*\d+\. \+ create (\S+?)(?:, after|$)/u.exec(text)?.[1])).toEqual(
            plan.steps.map(({ id }) => id),
          );
        const said = rows.flatMap((text) => {
          const [, id = '', before = ''] = /create (\S+), after (.*)$/u.exec(text) ?? [];
          return before === '' ? [] : before.split(', ').map((other) => `${id} ${other}`);
        });
        expect(said.sort()).toEqual(picture.edges.map(({ from, to }) => `${to.id} ${from.id}`).sort());
      }),
      parameters,
    );
  });
});

describe('the picture as SVG', () => {
  it('says in each box what happens, to what, and what that is', () => {
    const svg = parseHtml(pictureSvg(pictureOf(platformPlan())));
    const boxes = [...elements(svg)]
      .filter(({ name }) => name === 'g')
      .map((group) => textOf(group, ({ name }) => name === 'title'));
    expect(boxes).toHaveLength(10);
    expect(boxes).toContain('~ updateWebGroup[destruction] [grant]');
    expect(boxes).toContain('- deleteOldBastion[destruction]');
    expect([...elements(svg)].filter(({ name }) => name === 'path').length).toBeGreaterThan(5);
  });
  it('shortens long names in the middle, and has them whole beside', () => {
    const long = 'TheVeryLongNameOfAnAddressThatNoBoxCanHold';
    expect(shortened(long)).toMatch(/^The.*….*Hold$/u);
    expect(shortened('CoursesDb')).toBe('CoursesDb');
    expect(shortened('漢'.repeat(40)).length).toBeLessThan(12);
    const svg = pictureSvg(pictureOf(samplePlan([{ ...baseStep, id: long }])));
    expect(svg).toContain(`<title>+ create ${long}</title>`);
  });
  it('lets hostile names open no element', () => {
    const hostile = '</text><script>x</script>\u202e"';
    const names = [
      ...elements(
        parseHtml(
          pictureSvg(
            pictureOf(
              samplePlan([
                { ...baseStep, id: hostile },
                { ...baseStep, id: 'B', dependsOn: [hostile] },
              ]),
            ),
          ),
        ),
      ),
    ].map(({ name }) => name);
    expect(names).not.toContain('script');
  });
});
