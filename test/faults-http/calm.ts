import { expect } from '@jest/globals';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/base/json.ts';
import { textOf } from './machine.ts';
import { callsOf, kindOf, type PointCall } from './points.ts';
import { broken } from './try.ts';
import { scenarios, type Lane, type Scenario } from './world.ts';

/** What a scenario calls where nothing disturbs it, and how it ends. */
interface Calm {
  readonly kinds: Readonly<Record<string, boolean>>;
  readonly calls: readonly PointCall[];
  readonly state: JsonObject;
}

/** Everything that the points are made of. */
export interface Calms {
  readonly ends: ReadonlyMap<Scenario, JsonObject>;
  /** By kind of call: the scenario that has it, and whether it mutates. */
  readonly kinds: ReadonlyMap<string, { readonly scenario: Scenario; readonly mutating: boolean }>;
  /** The mutating calls of the whole plan, in their order. */
  readonly calls: readonly PointCall[];
}

/** Carries out one scenario undisturbed. */
async function calm(lane: Lane, scenario: Scenario): Promise<Calm> {
  const start = await lane.begin(scenario);
  const { road, text } = start;
  const made = await road.plan(text);
  expect([scenario, made.plan.findings.filter(({ severity }) => severity === 'error')]).toEqual([scenario, []]);
  const since = lane.sandbox.proxy.requests.length;
  const report = await road.apply(made);
  expect([scenario, report.outcome, report.message]).toEqual([scenario, 'done', null]);
  const requests = lane.sandbox.proxy.requests.slice(since);
  const [state, census] = [await lane.state(road), await lane.census()];
  // What looks for things that nobody accounts for finds them where there is no journal, and none where there is one.
  expect([scenario, broken(start, census, '').some((one) => one.startsWith('UNACCOUNTED'))]).toEqual([scenario, true]);
  expect([scenario, broken(start, census, textOf(road, [report.run]))]).toEqual([scenario, []]);
  road.close();
  return {
    kinds: Object.fromEntries(requests.map((request) => [kindOf(request), request.mutating])),
    calls: callsOf(requests),
    state,
  };
}

/**
 * Carries out every scenario that no other lane has taken; then waits for theirs. All lanes answer the same: calls
 * overlap, so that another run may have another order. `take`: whether this lane has taken it.
 */
export async function calmRuns(lane: Lane, folder: string, take: (name: string) => boolean): Promise<Calms> {
  const all: readonly Scenario[] = ['whole', ...scenarios];
  const fileOf = (scenario: Scenario): string => join(folder, `calm-${scenario.replaceAll(':', '-')}.json`);
  for (const scenario of all) {
    if (!take(`calm ${scenario}`)) continue;
    const file = fileOf(scenario);
    writeFileSync(`${file}.part`, JSON.stringify(await calm(lane, scenario)));
    renameSync(`${file}.part`, file);
  }
  const deadline = Date.now() + 300_000;
  while (!all.every((scenario) => existsSync(fileOf(scenario)))) {
    if (Date.now() > deadline) throw new Error('another lane did not carry out its scenarios in five minutes');
    await new Promise((done) => {
      setTimeout(done, 100);
    });
  }
  const found = new Map(
    all.map((scenario) => [scenario, JSON.parse(readFileSync(fileOf(scenario), 'utf8')) as Calm] as const),
  );
  const kinds = new Map<string, { readonly scenario: Scenario; readonly mutating: boolean }>();
  for (const scenario of scenarios)
    for (const [kind, mutating] of Object.entries(found.get(scenario)?.kinds ?? {}))
      if (!kinds.has(kind)) kinds.set(kind, { scenario, mutating });
  const whole = found.get('whole');
  // Whatever the whole run asks is asked by the parts, so that no kind of call is left out.
  expect(Object.keys(whole?.kinds ?? {}).filter((kind) => !kinds.has(kind))).toEqual([]);
  return {
    ends: new Map([...found].map(([scenario, { state }]) => [scenario, state])),
    kinds,
    calls: whole?.calls ?? [],
  };
}
