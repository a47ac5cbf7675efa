import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import { classify } from '../../src/plan/classify/classify.ts';
import { plan } from '../../src/plan/planner.ts';
import { observedOf } from '../../src/plan/refresh/draft.ts';
import { evidenceRows } from '../../src/views/step/evidence-rows.ts';
import { stepRow } from '../../src/views/step/card-rows.ts';
import { changePlanOf, plainConfiguration, planningNow, type EntrySample } from '../helpers/planning-samples.ts';
import { liveSample } from '../helpers/rule-samples.ts';

const DATABASE = 'AWS::RDS::DBInstance';
const INSTANCE = 'AWS::EC2::Instance';
const target = {
  account: '123456789012',
  region: 'eu-west-1',
  caller: 'arn:aws:iam::123456789012:user/t',
  endpoint: null,
};

const planned = (entries: readonly EntrySample[], resources: readonly LiveResource[]) =>
  plan({
    changePlan: changePlanOf(entries),
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
      resources,
      absent: [],
      complete: resourceTypes.all.map(({ type }) => type),
      failures: [],
      calls: {},
      account: {},
    },
  });

const database = (identity: string, more: Partial<LiveResource> = {}): LiveResource => ({
  ...liveSample(DATABASE, {
    DBInstanceClass: 'db.t4g.micro',
    AllocatedStorage: '20',
    BackupRetentionPeriod: 7,
    Engine: 'postgres',
  }),
  identity,
  binding: { protections: [], dependents: [], encrypted: false },
  ...more,
});

describe('when', () => {
  it('is asked for with what each property does', () => {
    const { findings } = planned(
      [
        {
          address: 'Db',
          type: DATABASE,
          action: 'update',
          id: 'courses',
          properties: { DBInstanceClass: 'db.m7g.large', AllocatedStorage: '40', BackupRetentionPeriod: 14 },
        },
      ],
      [database('courses')],
    ).plan;
    expect(findings.find(({ code }) => code === 'when-needed')?.message).toBe(
      'changing DBInstanceClass interrupts the service; changing AllocatedStorage, BackupRetentionPeriod can wait for the maintenance window: say when',
    );
  });
  it.each([
    ['running', true],
    ['stopped', false],
  ])('a change that needs a stop of a %s instance interrupts: %j', (state, interrupts) => {
    const type = resourceTypes.get(INSTANCE)!;
    for (const [name, before, after] of [
      ['InstanceType', 't3.micro', 't3.large'],
      ['EbsOptimized', false, true],
      ['UserData', { $masked: 'set', digest: 'x' }, 'echo'],
    ] as const)
      expect(
        classify({
          type,
          schema: loadSchema(INSTANCE),
          comparer: comparerFor(type.rules, INSTANCE, 'i-1'),
          before: { [name]: before },
          after: { [name]: after },
          live: { ...liveSample(INSTANCE, { [name]: before } as JsonObject), state },
          action: 'update',
          scene: { account: target.account, find: () => undefined },
        }).interrupts,
      ).toBe(interrupts);
  });
});

describe('what a deletion leaves', () => {
  const source = database('courses', {
    attributes: { ReadReplicaDBInstanceIdentifiers: ['courses-read'] },
    binding: { protections: [], dependents: [`${DATABASE} courses-read`], encrypted: false },
  });
  const replica = database('courses-read', {
    binding: { protections: [], dependents: [], encrypted: false, replicaOf: 'courses' },
  });
  const remove = (address: string, id: string): EntrySample => ({
    address,
    type: DATABASE,
    action: 'delete',
    id,
    reason: 'r',
  });
  it('is not what the same plan deletes', () => {
    const step = (entries: readonly EntrySample[]) =>
      planned(entries, [source, replica]).plan.steps.find(({ id }) => id === 'Source');
    expect(step([remove('Source', 'courses')])?.leftovers).toEqual(['courses-read']);
    const both = step([remove('Source', 'courses'), remove('Replica', 'courses-read')]);
    expect(both?.leftovers).toEqual([]);
    expect(JSON.stringify(both)).not.toContain('they stay');
  });
});

describe('a claim of a tag', () => {
  const tags = { Name: 'scratch-copy', creator: 'coding-agent-scratch' };
  const live = (systemTags: LiveResource['systemTags'], properties: JsonObject = {}): LiveResource => ({
    ...liveSample(DATABASE, { Tags: tags, ...properties }, { creator: 'coding-agent-scratch' }),
    systemTags,
  });
  it('is called one, and a fact of AWS is not', () => {
    expect(observedOf(live({}))).toEqual({ taggedName: 'scratch-copy', taggedCreator: 'coding-agent-scratch' });
    expect(observedOf(live({ 'aws:createdBy': 'coding-agent-scratch' }))).toEqual({
      taggedName: 'scratch-copy',
      creator: 'coding-agent-scratch',
    });
    expect(observedOf(live({}, { GroupName: 'web' }))).toMatchObject({ name: 'web', taggedName: 'scratch-copy' });
  });
  it('stands so on the card and beside the identity', () => {
    const [step] = planned(
      [{ address: 'Db', type: DATABASE, action: 'delete', id: 'courses', reason: 'r' }],
      [{ ...live({}), identity: 'courses' }],
    ).plan.steps;
    const text = (rows: readonly { readonly spans: readonly { readonly text: string }[] }[]): string =>
      rows.map(({ spans }) => spans.map((span) => span.text).join('')).join('\n');
    const card = text(evidenceRows(step!, { createdAt: planningNow }, Date.parse(planningNow)));
    expect(card).toMatch(/tagged creator +coding-agent-scratch/u);
    expect(card).not.toMatch(/^ *creator/mu);
    expect(text([stepRow(step!)])).toContain('tagged "scratch-copy"');
  });
});
