import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { digestsFit } from '../../src/plan/steps/digests.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { createMemoryWorld, DATABASE, GROUP, NETWORK, NOTE } from '../helpers/memory-world.ts';
import { planFor, type EntrySample } from '../helpers/planning-samples.ts';

/** `AIPLAN_UPDATE_GOLDEN=1` writes the file anew; look at the difference before it is committed. */
const file = new URL('../../fixtures/golden/plan-memory.json', import.meta.url);

const entries: readonly EntrySample[] = [
  { address: 'Network', type: NETWORK, action: 'read', find: { Tags: { Name: 'prod' } } },
  {
    address: 'Web',
    type: GROUP,
    action: 'create',
    reason: 'the site moves',
    properties: {
      GroupName: 'web-2',
      NetworkId: { Ref: 'Network' },
      Rules: [{ Protocol: 'tcp', Port: 443, Source: '0.0.0.0/0' }],
      Tags: { team: 'platform' },
    },
  },
  {
    address: 'Courses',
    type: DATABASE,
    action: 'update',
    id: 'courses',
    when: 'window',
    rotate: 'spring',
    expect: { GroupIds: ['g-old00001'] },
    properties: {
      Class: 'db.large',
      Size: 50,
      GroupIds: [{ Ref: 'Web' }],
      Password: { $secret: { env: 'AIPLAN_SECRET_COURSES' } },
    },
  },
  {
    address: 'OldGroup',
    type: GROUP,
    action: 'delete',
    id: 'g-old00001',
    reason: 'replaced by Web',
    expect: { GroupName: 'web' },
  },
  {
    address: 'OldDb',
    type: DATABASE,
    action: 'delete',
    id: 'archive',
    reason: 'nobody reads it',
    properties: { Protected: false },
  },
  { address: 'Readme', type: NOTE, action: 'update', id: 'readme', properties: { Text: 'hello' } },
  { address: 'Stolen', type: NOTE, action: 'update', id: 'nobody', properties: { Text: 'x' } },
];

async function made(): Promise<Plan> {
  const world = createMemoryWorld({
    seed: [
      { type: NETWORK, identity: 'n-1', properties: { Tags: { Name: 'prod' } } },
      {
        type: GROUP,
        identity: 'g-old00001',
        properties: { GroupName: 'web', NetworkId: 'n-1', Rules: [{ Protocol: 'tcp', Port: 22, Source: '0.0.0.0/0' }] },
      },
      {
        type: DATABASE,
        identity: 'courses',
        properties: { GroupIds: ['g-old00001'], Tags: { Name: 'courses' } },
        rows: ['a', 'b', 'c'],
      },
      { type: DATABASE, identity: 'archive', properties: { Protected: true }, rows: ['x'] },
      { type: NOTE, identity: 'readme', properties: { Text: 'hello' } },
    ],
  });
  return (
    await planFor(world, entries, {
      changePlan: {
        name: 'shared-platform-move',
        intent: 'Move the site onto the shared platform.',
        assume: ['Nobody reads the archive'],
        author: { agent: 'an agent' },
      },
    })
  ).plan;
}

it('a plan file has the form that fixtures/golden/plan-memory.json shows', async () => {
  const plan = await made();
  const text = `${JSON.stringify(plan, null, 2)}\n`;
  if (process.env['AIPLAN_UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  expect(text).toBe(readFileSync(file, 'utf8'));
});

it('the golden plan holds together: its digests fit, and it comes out the same each time', async () => {
  const golden = JSON.parse(readFileSync(file, 'utf8')) as Plan;
  expect(digestsFit(golden)).toBe(true);
  expect((await made()).digest).toBe(golden.digest);
});
