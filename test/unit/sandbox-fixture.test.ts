import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { parseChangePlan } from '../../src/language/parse.ts';
import { startEmulator } from '../../src/sandbox/emulator.ts';
import { before, fill, fillPlans, loadFixture } from '../../src/sandbox/seed/fixture.ts';
import { fleetPlan } from '../../src/sandbox/fleet-plan.ts';
import { candidates, emulatorVersion, privateEnvironment } from '../../src/sandbox/python.ts';

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folder = root('fixtures/course-platform');

describe('ages', () => {
  const now = new Date('2026-03-31T12:00:00Z');
  it.each([
    ['P2Y5M', '2023-10-31T12:00:00.000Z'],
    ['P1M', '2026-02-28T12:00:00.000Z'],
    ['P6D', '2026-03-25T12:00:00.000Z'],
    ['PT2H', '2026-03-31T10:00:00.000Z'],
    ['P1Y1M1DT1H1M1S', '2025-02-27T10:58:59.000Z'],
  ])('%s before', (age, expected) => expect(before(now, age).toISOString()).toBe(expected));
  it.each(['P', '2 years', 'PT', 'P-1D', ''])('%j is none', (age) =>
    expect(() => before(now, age)).toThrow('is not a duration'),
  );
});

describe('placeholders', () => {
  it('are filled', () => expect(fill('a ${X} b ${Y}${X} $Z {W}', { X: '1', Y: '2' })).toBe('a 1 b 21 $Z {W}'));
  it('are never left', () => expect(() => fill('${Missing}', { X: '1' })).toThrow('the fixture has no "Missing"'));
});

describe('the course platform', () => {
  it('refers only to names that it has', async () => {
    const fixture = await loadFixture(folder);
    const names = new Set([
      ...Object.keys(fixture.securityGroups ?? {}),
      ...Object.keys(fixture.network?.subnets ?? {}),
    ]);
    const used = [
      ...Object.values(fixture.securityGroups ?? {}).flatMap(({ ingress = [] }) =>
        ingress.flatMap(({ group }) => (group === undefined ? [] : [group])),
      ),
      ...[...Object.values(fixture.databases ?? {}), ...Object.values(fixture.instances ?? {})].flatMap(
        ({ groups = [] }) => groups,
      ),
      ...Object.values(fixture.dbSubnetGroups ?? {}).flatMap(({ subnets }) => subnets),
    ];
    expect(used.filter((name) => !names.has(name))).toEqual([]);
  });

  it('has change plans without an error in them', async () => {
    const fixture = await loadFixture(folder);
    const groups = Object.keys({ ...fixture.databases, ...fixture.buckets }).map((name) => [
      name,
      `seeded-${name.toLowerCase()}`,
    ]);
    const names = {
      Account: '123456789012',
      Region: 'eu-west-1',
      ...Object.fromEntries(groups),
      WebInstance: 'i-0123456789abcdef0',
      AmazonLinux: 'ami-0123456789abcdef0',
    };
    const plans = await fillPlans(folder, names);
    expect(Object.keys(plans)).toHaveLength(3);
    for (const [file, text] of Object.entries(plans)) {
      const { findings } = parseChangePlan(text, { file, schemas: loadSchema, types: resourceTypes });
      expect([file, findings.filter(({ severity }) => severity === 'error')]).toEqual([file, []]);
    }
  });

  it('is said to be missing, or wrong, in a sentence', async () => {
    await expect(loadFixture('/no/such/folder')).rejects.toMatchObject({ code: 'no-such-fixture' });
  });
});

describe('a fleet', () => {
  it.each([1, 7, 50, 200, 1000])('of %i has exactly so many', (count) => {
    const plan = fleetPlan(count);
    expect(Object.values(plan).reduce((sum, value) => sum + value, 0)).toBe(count);
    expect(Object.values(plan).every((value) => value >= 0)).toBe(true);
  });
});

describe('the emulator', () => {
  it('is looked for in the same places, in the same version, by set-up and by the sandbox', async () => {
    const script = `import { emulatorVersion, privateEnvironment } from ${JSON.stringify(root('scripts/emulator.mjs'))};
      console.log(JSON.stringify([emulatorVersion, privateEnvironment({ XDG_CACHE_HOME: '/cache' }), privateEnvironment({})]));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(JSON.parse(stdout)).toEqual([
      emulatorVersion,
      privateEnvironment({ XDG_CACHE_HOME: '/cache' }),
      privateEnvironment({}),
    ]);
  });
  it('is what AIPLAN_PYTHON says and nothing else, where it says something', () => {
    expect(candidates({ AIPLAN_PYTHON: '/my/python' })).toEqual(['/my/python']);
    expect(candidates({ XDG_CACHE_HOME: '/cache' }).slice(0, 3)).toEqual([
      'python3',
      'python',
      `/cache/aiplan/moto-${emulatorVersion}/bin/python3`,
    ]);
  });
  it('is missing in a sentence that says what to do', async () => {
    await expect(startEmulator({ environment: { AIPLAN_PYTHON: '/no/such/python' } })).rejects.toMatchObject({
      code: 'emulator-missing',
      help: expect.stringContaining('--endpoint'),
    });
  });
});

describe('set-up', () => {
  const node = (script: string) => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  it.each([
    ['18.20.0', false],
    ['20.18.3', false],
    ['20.19.0', true],
    ['21.7.0', false],
    ['22.11.0', false],
    ['22.12.0', true],
    ['24.0.0', true],
  ])('with Node %s: %s', async (version, fits) => {
    const { stdout } = await node(`import { requireNode } from ${JSON.stringify(root('scripts/lib/node-version.mjs'))};
      try { requireNode('${version}'); console.log('fits'); } catch (error) { console.log(error.message); }`);
    if (fits) expect(stdout.trim()).toBe('fits');
    else expect(stdout).toContain(`this is Node ${version}`);
  });
});
