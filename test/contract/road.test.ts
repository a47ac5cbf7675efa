import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { resourceTypes } from '../../providers/index.ts';
import { isMasked, type Json, type JsonObject } from '../../src/model/json.ts';
import type { LiveResource } from '../../src/model/live.ts';
import type { Report } from '../../src/model/report.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { furnish, typeFixture, type TypeFixture } from '../helpers/road-account.ts';
import { openRoad, type Made, type Road } from '../helpers/road.ts';
import { startTestSandbox } from '../helpers/sandbox.ts';

jest.setTimeout(60_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;

let sandbox: Sandbox;
let road: Road;
let names: Readonly<Record<string, string>> = {};

const blocksOf = ({ plan }: Made): readonly string[] => plan.findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code}: ${message}`);
const actionsOf = ({ plan }: Made): readonly string[] => plan.steps.map(({ id, action }) => `${id} ${action}`);
const isEmpty = (made: Made): void => {
  expect(blocksOf(made)).toEqual([]);
  expect(made.plan.steps.flatMap(({ id, action, changes }) => (action === 'keep' ? [] : [[id, action, changes]]))).toEqual([]);
};

/** Plans, which must not be blocked, and applies, which must end well. */
async function applied(made: Made): Promise<Report> {
  expect(blocksOf(made)).toEqual([]);
  const report = await road.apply(made);
  expect([report.outcome, report.message, report.findings]).toEqual(['done', null, []]);
  return report;
}

async function there(type: string, identity: string): Promise<LiveResource> {
  const live = await road.live(type, identity);
  if (live === undefined) throw new Error(`${type} ${identity} is not there`);
  return live;
}

const stateOf = ({ incarnation, properties, systemTags, state, pending }: LiveResource): object => ({ incarnation, properties, systemTags, state, pending });

/** What a restore must bring back: former identities written as the new ones, without what is lost and what cannot be compared. */
function restorable({ properties, state, pending }: LiveResource, lost: readonly string[], map: Readonly<Record<string, string>> = {}): object {
  const told = Object.entries(properties).filter(([name, value]) => !lost.includes(name) && !isMasked(value));
  let text = JSON.stringify({ properties: Object.fromEntries(told), state, pending });
  for (const [from, to] of Object.entries(map)) text = text.replaceAll(`"${from}"`, `"${to}"`);
  return JSON.parse(text) as object;
}

/** Takes a run back; then nothing is left to take back. Answers its report. */
async function takenBack(run: string): Promise<Report> {
  const made = await road.planRollback(run);
  const report = await applied(made);
  isEmpty(await road.planRollback(run));
  return report;
}

const withoutSecrets = (value: Json | undefined): Json | undefined =>
  (typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value as JsonObject).filter(([name]) => name !== 'MasterUserPassword' && name !== 'UserData')) : value);

suite('every managed type walks the whole road', () => {
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
    road = await openRoad(sandbox, { AIPLAN_SECRET_DB: 'correct-horse-battery' });
    ({ names } = await furnish(sandbox));
  }, 60_000);
  afterAll(async () => {
    road?.close();
    await sandbox?.stop();
  });

  describe.each(['db-instance', 'instance', 'volume', 'security-group', 'bucket'])('%s', (file) => {
    let fixture: TypeFixture;
    let identity = '';
    let first: Report;
    const covered: string[] = [];
    const plan = (name: string, entry: JsonObject): Promise<Made> => road.plan(road.text(`contract-${file}-${name}`, { Thing: { type: fixture.type, ...entry } }));
    const updating = (name: string, fields: JsonObject): Promise<Made> => plan(name, { action: 'update', id: identity, ...fields });
    const deleting = (name: string): Promise<Made> => plan(name, { action: 'delete', id: identity, reason: 'the contract', ...fixture.delete });
    beforeAll(() => { fixture = typeFixture(file, names); });
    afterAll(() => { process.stdout.write(`${fixture.type}: ${covered.join(', ')}\n`); });

    it('is created as desired, with its owner on it, and planned again it is empty', async () => {
      const made = await plan('create', { action: 'create', ...fixture.create });
      first = await applied(made);
      identity = first.steps[0]?.identity ?? '';
      const live = await there(fixture.type, identity);
      expect(live.properties).toMatchObject(withoutSecrets(fixture.create['properties']) as JsonObject);
      expect(live.systemTags).toMatchObject({ 'aiplan:plan': `contract-${file}-create`, 'aiplan:resource': 'Thing', 'aiplan:op': expect.stringMatching(/^op-[0-9a-f]{24}$/u) });
      isEmpty(await road.again(made));
      covered.push('create');
    });

    it('shows exactly what each update changes, makes it, and takes it back', async () => {
      const failures: unknown[] = [];
      for (const { name, entry, shows, stays } of fixture.updates) {
        try {
          const before = await there(fixture.type, identity);
          const made = await updating('update', entry);
          expect(blocksOf(made)).toEqual([]);
          expect(Object.fromEntries(made.plan.steps.flatMap(({ changes }) => changes.map(({ path, effect }) => [path, effect])))).toEqual(shows);
          const { run } = await applied(made);
          isEmpty(await road.again(made));
          if (stays === undefined) {
            await takenBack(run);
            expect(stateOf(await there(fixture.type, identity))).toEqual(stateOf(before));
          }
          covered.push(Object.keys(shows).join(' '));
        } catch (error) {
          failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      if (failures.length > 0) throw new Error(failures.join('\n\n'));
    }, 120_000);
  });
});
