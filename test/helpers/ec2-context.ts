import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import type { AttributeChange } from '../../src/domain/attribute-change.ts';

export const region = 'eu-west-1';

/** A step's context with the given fields; the ownership of a create by plan `shop`. */
export const contextFor = (fields: Partial<StepContext>): StepContext => ({
  run: 'run-1',
  step: 'Web',
  op: 'op-web-1',
  account: '123456789012',
  region,
  endpoint: null,
  live: null,
  desired: {},
  changes: [],
  ownership: { 'aiplan:plan': 'shop', 'aiplan:resource': 'Web', 'aiplan:op': fields.op ?? 'op-web-1' },
  when: null,
  captureBucket: 'captures',
  captureName: 'aiplan-web-1',
  captureExpires: '2027-01-01T00:00:00.000Z',
  remap: (id) => id,
  replacing: false,
  ...fields,
});

/** The changes of an update as far as the programs look at them: one per top-level property that differs. */
export const changesTo = (live: LiveResource, desired: JsonObject): readonly AttributeChange[] =>
  Object.keys({ ...live.properties, ...desired })
    .filter((path) => JSON.stringify(live.properties[path]) !== JSON.stringify(desired[path]))
    .map((path) => ({
      path,
      before: live.properties[path] ?? null,
      after: desired[path] ?? null,
      effect: 'in-place' as const,
    }));
