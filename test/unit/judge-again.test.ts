import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { rejudge, type Again } from '../../src/plan/classify/rejudge.ts';
import { resolveReferences, unknownOf } from '../../src/plan/diff/references.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { createMemoryWorld, DATABASE, GROUP, NETWORK, NOTE } from '../helpers/memory-world.ts';
import { liveSample } from '../helpers/rule-samples.ts';

const from = { 'Fn::GetAtt': ['New', 'Value'] } as const;

/** A live resource of which the plan changes properties to what only the run knows. */
function again(type: string, live: JsonObject | null, planned: JsonObject, value: Json, expected?: JsonObject): Again {
  const subject = live === null ? null : liveSample(type, live);
  const whole = { ...subject?.properties, ...planned };
  return rejudge({
    type: resourceTypes.get(type)!,
    schema: loadSchema(type),
    action: live === null ? 'create' : 'update',
    planned: whole,
    plannedLive: subject,
    live: subject,
    expect: expected,
    scene: { account: '123456789012', find: () => undefined },
    unknown: resolveReferences(whole, unknownOf, () => null) as JsonObject,
    resolved: resolveReferences(
      whole,
      () => value,
      () => null,
    ) as JsonObject,
  });
}
const DB = 'AWS::RDS::DBInstance';
const SG = 'AWS::EC2::SecurityGroup';
const EC2 = 'AWS::EC2::Instance';
const rule = (more: JsonObject): JsonObject => ({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, ...more });

describe('what is known only now is judged as in the plan', () => {
  it('a hit that the plan counted was seen, and the value is coerced', () => {
    expect(again(DB, { BackupRetentionPeriod: 7 }, { BackupRetentionPeriod: from }, '1')).toMatchObject({
      problems: [],
      desired: { BackupRetentionPeriod: 1 },
    });
    expect(
      again(SG, { SecurityGroupIngress: [] }, { SecurityGroupIngress: [rule({ CidrIp: from })] }, '0.0.0.0/0').problems,
    ).toEqual([]);
  });
  it('a hit that was sure, of which only the sentence names the value, was seen', () => {
    const disk = (VolumeId: Json): JsonObject => ({ Volumes: [{ Device: '/dev/sdg', VolumeId }] });
    expect(again(EC2, null, disk(from), 'vol-0aaaaaaaaaaaaaaaa').problems).toEqual([]);
    expect(again(EC2, { Volumes: [] }, disk(from), 'vol-0aaaaaaaaaaaaaaaa').problems).toEqual([]);
  });
  it.each<[string, string, JsonObject, JsonObject, Json, string]>([
    [
      'not the kind',
      DB,
      { BackupRetentionPeriod: 7 },
      { BackupRetentionPeriod: from },
      'sg-1',
      'BackupRetentionPeriod: "sg-1" is text; a whole number is expected',
    ],
    ['not allowed', DB, { StorageType: 'gp3' }, { StorageType: from }, 'gp9', 'StorageType: "gp9" is not allowed'],
    ['an older engine', DB, { EngineVersion: '15.4' }, { EngineVersion: from }, '14.1', 'RDS never goes back'],
    ['a character that hides', DB, { DBName: 'a' }, { Tags: { Name: from } }, 'a\u202eb', 'invisible'],
    [
      'an element that leaves',
      SG,
      { SecurityGroupIngress: [rule({ CidrIp: '10.0.0.0/8' })] },
      { SecurityGroupIngress: from },
      [rule({ CidrIp: '10.1.0.0/16' })],
      'would be removed without having been named',
    ],
  ])('%s', (_name, type, live, planned, value, sentence) => {
    expect(again(type, live, planned, value).problems.join('\n')).toContain(sentence);
  });

  it('a map merges with what is live, as a literal would', () => {
    expect(
      again(
        EC2,
        { MetadataOptions: { HttpTokens: 'required', HttpEndpoint: 'enabled' } },
        { MetadataOptions: from },
        { HttpPutResponseHopLimit: '1' },
      ),
    ).toMatchObject({
      problems: [],
      desired: { MetadataOptions: { HttpTokens: 'required', HttpEndpoint: 'enabled', HttpPutResponseHopLimit: 1 } },
    });
  });
  it('what the author stated may leave', () => {
    const live = { SecurityGroupIngress: [rule({ CidrIp: '10.0.0.0/8' })] };
    expect(again(SG, live, { SecurityGroupIngress: from }, [rule({ CidrIp: '10.1.0.0/16' })], live).problems).toEqual(
      [],
    );
  });
});

describe('in a run', () => {
  const world = () =>
    createMemoryWorld({
      seed: [
        { type: NETWORK, identity: 'n-1', properties: {} },
        { type: NOTE, identity: 'n', properties: { NoteName: 'n', Settings: { kept: 'yes' } } },
        {
          type: DATABASE,
          identity: 'db',
          properties: {
            DatabaseName: 'db',
            Engine: 'postgres',
            Class: 'a',
            Retention: 7,
            Size: 10,
            GroupIds: ['g-old'],
          },
        },
      ],
    });
  const maker = entryOf('H', GROUP, { action: 'create', properties: { GroupName: 'h', NetworkId: 'n-1' } });
  const id: Json = { 'Fn::GetAtt': ['H', 'GroupId'] };
  const update = (properties: JsonObject, more: JsonObject = {}) =>
    changePlanOf([maker, entryOf('D', DATABASE, { id: 'db', properties, acceptLoss: 'old backups', ...more })]);

  it('a value that turns out to be of another kind stops the run before that step sends anything', async () => {
    const bench = benchOf(world());
    const report = await bench.apply(update({ Retention: id }), { run: 'r' });
    expect(report.outcome).toBe('failed');
    const records = bench.journalOf('r');
    // Its snapshot was taken; of the change nothing was announced.
    expect(
      records.flatMap((record) => (record.kind === 'intent' && record.purpose === 'change' ? [record.step] : [])),
    ).toEqual(['H']);
    expect(JSON.stringify(records)).toMatch(/known only now.*Retention: .* is text; a whole number is expected/u);
    expect(JSON.stringify(await bench.state())).toContain('"Retention":7');
  });
  it('a list that is not known yet may lack what is live: that has to be stated', async () => {
    const planned = await benchOf(world()).plan(update({ GroupIds: { 'Fn::GetAtt': ['H', 'Rules'] } }));
    expect(planned.plan.findings.map(({ code }) => code)).toContain('unnamed-removal');
  });
});
