import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { plan } from '../../src/plan/planner.ts';
import { valueAt } from '../../src/plan/diff/references.ts';
import { invert } from '../../src/plan/diff/inverse.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Planned, Step } from '../../src/domain/plan.ts';
import { changePlanOf, plainConfiguration, planningNow } from '../helpers/planning-samples.ts';
import { changedAt, fullValue, liveSample } from '../helpers/rule-samples.ts';

const target = {
  account: '123456789012',
  region: 'eu-west-1',
  caller: 'arn:aws:iam::123456789012:user/t',
  endpoint: null,
};

/**
 * Every list of every type whose elements have names among their members: found in the rules, so that a new one is
 * tried too.
 */
const lists = resourceTypes.all
  .filter(({ managed }) => managed)
  .flatMap((type) =>
    Object.entries(type.rules.keys).flatMap(([path, keys]) => (keys.length === 0 ? [] : [{ type, path, keys }])),
  );

describe.each(lists.map((list) => [`${list.type.type} ${list.path}`, list] as const))(
  'elements of %s are whole',
  (_name, { type, path, keys }) => {
    const schema = loadSchema(type.type)!;
    const top = path.split('.')[0] ?? '';
    const described = schema.properties[top]!;
    const full = fullValue(described.type, described, schema, 7);
    const canonical = type.rules.canonical?.({ [top]: full })[top] ?? full;
    const at = path
      .split('.')
      .slice(1)
      .map((name) => (name === '*' ? '0' : name))
      .concat('0')
      .join('.');
    const element = valueAt(canonical, at) as JsonObject;
    const live = liveSample(type.type, { [top]: canonical });
    // A member that identifies the element is not left out; what AWS requires the language asks for.
    const members = Object.keys(element).filter((name) => !keys.includes(name) && name !== 'Status');

    const planned = (resource: LiveResource, value: Json, expected?: JsonObject): Planned =>
      plan({
        changePlan: changePlanOf([
          {
            address: 'X',
            type: type.type,
            action: 'update',
            id: resource.identity,
            when: 'now',
            reason: 'r',
            properties: { [top]: value },
            ...(expected === undefined ? {} : { expect: expected }),
          },
        ]),
        text: '',
        types: resourceTypes,
        schemas: loadSchema,
        configuration: plainConfiguration,
        now: planningNow,
        live: {
          format: 'aiplan/live@1',
          target,
          readAt: planningNow,
          recorded: false,
          resources: [resource],
          absent: [],
          complete: resourceTypes.all.map((each) => each.type),
          failures: [],
          calls: {},
          account: {},
        },
      });
    const stepOf = (value: Planned): Step => value.plan.steps[0] as Step;
    const after = (value: Planned): Json | undefined => valueAt(value.work.get('X')?.desired[top], at);
    const withElement = (other: JsonObject): Json => changedAt(canonical, at, () => other) as Json;
    const without = (name: string): JsonObject =>
      Object.fromEntries(Object.entries(element).filter(([key]) => key !== name));
    const fills = (name: string): boolean =>
      [`${path}.*.${name}`, `${path}.*.*`].some((each) => type.rules.assigned?.includes(each) === true) ||
      type.rules.defaults?.[`${path}.*.${name}`] === element[name];

    it('an equal one is not touched', () => {
      expect(stepOf(planned(live, canonical))).toMatchObject({ action: 'keep', changes: [] });
    });

    it.each(members)('without %s', (name) => {
      const made = planned(live, withElement(without(name)), { [top]: canonical });
      if (fills(name)) return expect([stepOf(made).action, after(made)]).toEqual(['keep', element]);
      expect(after(made)).toEqual(without(name));
      return expect(
        stepOf(made)
          .changes.filter((change) => change.after === null)
          .map((change) => change.path.includes(`].${name}`)),
      ).toContain(true);
    });

    it.each(members)('with %s: null', (name) => {
      const made = planned(live, withElement({ ...element, [name]: null }), { [top]: canonical });
      expect(after(made)).toEqual(without(name));
    });

    // What AWS moves by itself is nobody's to undo.
    it.each(members.filter((name) => !type.rules.volatile.includes(`${path}.*.${name}`)))(
      'the undo of an added %s takes it away again',
      (name) => {
        const before = { ...live, properties: { ...live.properties, [top]: withElement(without(name)) } };
        const changes = stepOf(planned(before, canonical, { [top]: before.properties[top] as Json })).changes;
        if (changes.length === 0) return expect(fills(name)).toBe(true);
        const inverse = invert({
          before,
          live,
          after: live,
          changes,
          capture: null,
          rules: type.rules,
          resolve: () => undefined,
        });
        const back = planned(live, inverse.properties[top] as Json, inverse.expect);
        expect([back.plan.findings.filter(({ code }) => code === 'unnamed-removal'), after(back)]).toEqual([
          [],
          without(name),
        ]);
      },
    );
  },
);
