import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Dice } from './dice.ts';
import type { Grown } from './drill-account.ts';
import type { Entries } from './road.ts';

/** What lives, by type, as the plan's author knows it. */
export type Census = Readonly<Record<string, readonly LiveResource[]>>;
export const [INSTANCE, VOLUME, GROUP, DATABASE, BUCKET] = [
  'AWS::EC2::Instance',
  'AWS::EC2::Volume',
  'AWS::EC2::SecurityGroup',
  'AWS::RDS::DBInstance',
  'AWS::S3::Bucket',
] as const;

const list = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly JsonObject[]) : [];
const texts = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? (value as readonly string[]) : [];
type Writing = (dice: Dice, live: LiveResource, grown: Grown) => JsonObject | null;

const update = (live: LiveResource, properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: live.type,
  action: 'update',
  id: live.identity,
  reason: 'the drill',
  properties,
  ...more,
});
const remove = (live: LiveResource, more: JsonObject = {}): JsonObject => ({
  type: live.type,
  action: 'delete',
  id: live.identity,
  reason: 'the drill',
  expect: { Tags: live.properties['Tags'] ?? {} },
  ...more,
});
const tags: Writing = (dice, live) =>
  update(live, {
    Tags: dice.pick<JsonObject>([{ owner: 'drill' }, { owner: 'drill', team: 'other' }, { Name: 'renamed' }]),
  });

/** A list as a whole with one element gone or another one come; what leaves stands in `expect`. */
const withList = (live: LiveResource, name: string, next: readonly Json[]): JsonObject =>
  update(live, { [name]: next }, { expect: { [name]: live.properties[name] ?? [] } });

const rules: Writing = (dice, live, { groups }) => {
  const name = dice.chance(0.8) ? 'SecurityGroupIngress' : 'SecurityGroupEgress';
  const peer = name === 'SecurityGroupIngress' ? 'SourceSecurityGroupId' : 'DestinationSecurityGroupId';
  const now = list(live.properties[name]);
  const added: JsonObject = {
    IpProtocol: 'tcp',
    FromPort: dice.between(1000, 1005),
    ToPort: 1005,
    ...(dice.chance(0.5) ? { CidrIp: '10.9.0.0/16' } : { [peer]: dice.pick(groups) }),
    ...(dice.chance(0.3) ? { Description: 'by the drill' } : {}),
  };
  if (dice.chance(0.3) && now.length > 0)
    return withList(
      live,
      name,
      now.map((rule, index) => (index === 0 ? { ...rule, Description: 'in other words' } : rule)),
    );
  return withList(live, name, [...(dice.chance(0.5) ? now : now.slice(1)), ...(dice.chance(0.7) ? [added] : [])]);
};

const writings: Readonly<Record<string, readonly Writing[]>> = {
  [INSTANCE]: [
    tags,
    (dice, live) => update(live, { InstanceType: dice.pick(['t3.medium', 't3.large', 't3.micro']) }, { when: 'now' }),
    (dice, live) => update(live, { DisableApiTermination: dice.chance(0.5) }),
    (dice, live) => update(live, { Monitoring: dice.chance(0.5), SourceDestCheck: dice.chance(0.7) }),
    (dice, live, { groups }) => withList(live, 'SecurityGroupIds', dice.some(groups, dice.between(1, 2))),
    (_dice, live) => withList(live, 'Volumes', list(live.properties['Volumes']).slice(1)),
    (dice, live) => {
      const devices = list(live.properties['BlockDeviceMappings']);
      const one = dice.pick(devices);
      return devices.length === 0
        ? null
        : update(live, {
            BlockDeviceMappings: [
              {
                DeviceName: one['DeviceName'],
                Ebs: { DeleteOnTermination: (one['Ebs'] as JsonObject)['DeleteOnTermination'] !== true },
              },
            ],
          });
    },
    (dice, live) =>
      remove(
        live,
        live.properties['DisableApiTermination'] === true && dice.chance(0.8)
          ? { properties: { DisableApiTermination: false } }
          : {},
      ),
    (_dice, live) =>
      remove(
        live,
        live.properties['DisableApiTermination'] === true ? { properties: { DisableApiTermination: false } } : {},
      ),
    (dice, live, { otherImage }) => ({
      type: INSTANCE,
      action: 'replace',
      id: live.identity,
      reason: 'the drill',
      order: dice.pick(['create-first', 'delete-first']),
      properties: {
        ImageId: otherImage,
        ...(live.properties['DisableApiTermination'] === true ? { DisableApiTermination: false } : {}),
      },
      ...(dice.chance(0.5) ? { carry: ['volumes'] } : {}),
    }),
  ],
  [VOLUME]: [
    tags,
    (dice, live) =>
      live.properties['VolumeType'] === 'gp3'
        ? update(live, { Iops: dice.between(31, 45) * 100 })
        : update(live, { VolumeType: 'gp3' }),
    (dice, live) => update(live, { Size: Number(live.properties['Size']) + dice.between(1, 3) }),
    (_dice, live) => remove(live),
    (_dice, live) =>
      texts(live.binding['attached']).length === 0
        ? {
            type: VOLUME,
            action: 'replace',
            id: live.identity,
            reason: 'the drill',
            order: 'create-first',
            properties: { AvailabilityZone: 'eu-west-1b' },
          }
        : null,
  ],
  [GROUP]: [tags, rules, rules, rules, (_dice, live) => remove(live)],
  [DATABASE]: [
    tags,
    (dice, live) => update(live, { DBInstanceClass: dice.pick(['db.m6g.xlarge', 'db.m6g.2xlarge']) }, { when: 'now' }),
    (dice, live) => update(live, { BackupRetentionPeriod: dice.pick([14, 21, 3]) }, { when: 'now' }),
    (dice, live, { groups }) => withList(live, 'VPCSecurityGroups', dice.some(groups, dice.between(1, 2))),
    (dice, live) => update(live, { DeletionProtection: dice.chance(0.5) }, { when: 'now' }),
    (_dice, live) =>
      remove(live, live.properties['DeletionProtection'] === true ? { properties: { DeletionProtection: false } } : {}),
  ],
  [BUCKET]: [
    tags,
    (dice, live) => update(live, { VersioningConfiguration: { Status: dice.pick(['Enabled', 'Suspended']) } }),
    (dice, live) =>
      update(
        live,
        {
          LifecycleConfiguration: {
            Rules: [
              {
                Id: dice.pick(['old', 'new']),
                Status: 'Enabled',
                Prefix: 'tmp/',
                ExpirationInDays: dice.between(500, 600),
              },
            ],
          },
        },
        { expect: { LifecycleConfiguration: live.properties['LifecycleConfiguration'] ?? null } },
      ),
    (_dice, live) =>
      update(live, {
        CorsConfiguration: { CorsRules: [{ AllowedMethods: ['GET'], AllowedOrigins: ['https://example.org'] }] },
      }),
    (_dice, live) => remove(live),
  ],
};

const creations: readonly ((dice: Dice, grown: Grown) => JsonObject)[] = [
  (dice, { vpc, groups }) => ({
    type: GROUP,
    action: 'create',
    reason: 'the drill',
    properties: {
      GroupName: 'made by the drill',
      GroupDescription: 'made',
      VpcId: vpc,
      SecurityGroupIngress: [
        { IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, SourceSecurityGroupId: dice.pick(groups) },
      ],
      ...(dice.chance(0.5) ? { Tags: { team: 'drill' } } : {}),
    },
  }),
  (dice) => ({
    type: VOLUME,
    action: 'create',
    reason: 'the drill',
    properties: { AvailabilityZone: 'eu-west-1a', Size: dice.between(1, 4), VolumeType: 'gp3' },
  }),
  (dice, { subnet, image, groups }) => ({
    type: INSTANCE,
    action: 'create',
    reason: 'the drill',
    properties: {
      ImageId: image,
      InstanceType: 't3.micro',
      SubnetId: subnet,
      SecurityGroupIds: [dice.pick(groups)],
      Tags: { Name: 'made by the drill' },
    },
  }),
  (dice) => ({
    type: BUCKET,
    action: 'create',
    reason: 'the drill',
    properties: {
      BucketName: 'made-by-the-drill',
      ...(dice.chance(0.5) ? { VersioningConfiguration: { Status: 'Enabled' } } : {}),
    },
  }),
];

/** A change plan as an agent writes it: one to six steps, some of them about each other's neighbours. */
export function writePlan(dice: Dice, census: Census, grown: Grown): Entries {
  const everything = Object.values(census)
    .flat()
    .filter(({ identity }) => !identity.startsWith('audit-archive'));
  const steps = dice.between(1, 6);
  const [first, ...rest] = dice.some(everything, everything.length);
  if (first === undefined) return {};
  // What hangs together with the first one comes before the rest, most of the time.
  const near = rest.filter((other) => isNear(first, other));
  const others = dice.chance(0.7) ? [...near, ...rest.filter((other) => !near.includes(other))] : rest;
  const entries: Record<string, JsonObject> = {};
  for (const [index, live] of [first, ...others].slice(0, steps).entries()) {
    const entry = dice.pick(writings[live.type] ?? [])(dice, live, grown);
    if (entry !== null) entries[`Step${index + 1}`] = entry;
  }
  if (dice.chance(0.35)) {
    const made = dice.pick(creations)(dice, grown);
    entries['Made'] = made;
    if (made['type'] === GROUP && dice.chance(0.5)) {
      const user = Object.entries(entries).find(
        ([, { type, action, properties }]) =>
          type === INSTANCE && action === 'update' && (properties as JsonObject)['SecurityGroupIds'] !== undefined,
      );
      if (user !== undefined) entries[user[0]] = { ...user[1], properties: { SecurityGroupIds: [{ Ref: 'Made' }] } };
    }
  }
  return entries;
}

/** One names the other, in its properties or in what is known of its users. */
function isNear(one: LiveResource, other: LiveResource): boolean {
  const names = (from: LiveResource, to: LiveResource): boolean =>
    JSON.stringify([from.properties, from.binding, from.attributes]).includes(to.identity);
  return names(one, other) || names(other, one);
}
