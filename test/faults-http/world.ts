import {
  CreateVolumeCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
} from '@aws-sdk/client-ec2';
import { DescribeDBInstancesCommand, DescribeDBSnapshotsCommand } from '@aws-sdk/client-rds';
import { ListBucketsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { fill } from '../../src/sandbox/seed/fixture.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { seed } from '../../src/sandbox/seed.ts';
import { again, canCopy, copyOf, forget, type Copy } from './copies.ts';
import { openRoad, type Road } from '../helpers/road.ts';
import { clientsOf, startTestSandbox } from '../helpers/sandbox.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const types = [
  'AWS::RDS::DBInstance',
  'AWS::EC2::Instance',
  'AWS::EC2::Volume',
  'AWS::EC2::SecurityGroup',
  'AWS::S3::Bucket',
] as const;

/** What plan.yaml names of the environment. */
export const secrets = { AIPLAN_SECRET_FAULTS: 'not-a-real-one' };

/** All of plan.yaml; or what of it concerns one type, on an account with as much. Reads of other types are left out. */
export type Scenario = 'whole' | (typeof types)[number];
export const scenarios: readonly Scenario[] = types;

const textOf = (name: string): Record<string, unknown> =>
  parse(readFileSync(join(here, name), 'utf8')) as Record<string, unknown>;

function planOf(scenario: Scenario): string {
  const plan = textOf('plan.yaml');
  const resources = Object.entries(plan['resources'] as Readonly<Record<string, JsonObject>>);
  return JSON.stringify({
    ...plan,
    resources: Object.fromEntries(resources.filter(([, { type }]) => scenario === 'whole' || type === scenario)),
  });
}

function accountOf(scenario: Scenario): string {
  const { databases, instances, buckets, ...rest } = textOf('account.yaml');
  const has = (type: Scenario): boolean => scenario === 'whole' || scenario === type;
  return JSON.stringify({
    ...rest,
    ...(has('AWS::RDS::DBInstance') ? { databases } : {}),
    ...(has('AWS::EC2::Instance') ? { instances } : {}),
    ...(has('AWS::S3::Bucket') ? { buckets } : {}),
  });
}

/** A resource as it may be looked for in a journal: its identity, and what else names it (tags, token). */
interface Found {
  readonly id: string;
  readonly names: readonly string[];
}

/** Everything that costs money or holds data, captures too, past aiplan: by identity. */
export interface Census {
  readonly things: ReadonlyMap<string, Found>;
  readonly snapshots: JsonObject;
  readonly copies: number;
}

/** A sandbox that begins again for each point. */
export interface Lane {
  readonly sandbox: Sandbox;
  /** Whether AWS can be copied as it is at a moment, while a run is under way. */
  readonly copies: boolean;
  /** Throws everything away and brings the seeded account; answers where it starts from. */
  begin(scenario: Scenario): Promise<Start>;
  /** The same from nothing, which takes longer. */
  seed(scenario: Scenario): Promise<Start>;
  /** AWS as it is now. */
  copy(): Promise<Copy>;
  /** Makes AWS what it was in a copy, which stays as it is. */
  turnTo(copy: Copy): Promise<void>;
  /** What a person would compare, identities that a restore gives anew replaced by names. */
  state(road: Road): Promise<JsonObject>;
  census(): Promise<Census>;
  close(): Promise<void>;
}

export interface Start {
  readonly text: string;
  readonly names: Readonly<Record<string, string>>;
  readonly road: Road;
  readonly before: JsonObject;
  readonly census: Census;
}

export async function openLane(): Promise<Lane> {
  // Seeding makes the same every time, identities apart, which a state does not have.
  const befores = new Map<Scenario, JsonObject>();
  let seededNow: Readonly<Record<string, string>> = {};
  const sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
  const copies = await canCopy(sandbox);
  const clients = clientsOf(sandbox.endpoint);
  const { ec2, rds, s3 } = clients;
  const origin = sandbox.proxy.emulator;
  const seededs = new Map<Scenario, Omit<Start, 'road'> & { readonly copy: Copy }>();
  const leave = async (): Promise<void> => {
    const { emulator } = sandbox.proxy;
    if (emulator === origin) return;
    sandbox.proxy.turnTo(origin, { worlds: new Map(), buckets: new Map(), ages: new Map(), keys: new Map() });
    await forget(emulator);
  };
  const turnTo = async (copy: Copy): Promise<void> => {
    await leave();
    const { emulator, memory } = await again(copy);
    sandbox.proxy.turnTo(emulator, memory);
  };
  const lane: Lane = {
    sandbox,
    copies,
    copy: () => copyOf(sandbox),
    turnTo,
    async begin(scenario) {
      const known = seededs.get(scenario);
      if (known === undefined) {
        const start = await lane.seed(scenario);
        if (copies) seededs.set(scenario, { ...start, copy: await copyOf(sandbox) });
        return start;
      }
      await turnTo(known.copy);
      seededNow = known.names;
      return { ...known, road: await openRoad(sandbox, secrets) };
    },
    async seed(scenario) {
      await leave();
      await sandbox.reset();
      const folder = mkdtempSync(join(tmpdir(), 'aiplan-faults-'));
      writeFileSync(join(folder, 'account.yaml'), accountOf(scenario));
      const { names: seeded } = await seed(sandbox.endpoint, folder);
      rmSync(folder, { recursive: true });
      const disk = async (name: string): Promise<string> =>
        (
          await ec2.send(
            new CreateVolumeCommand({
              AvailabilityZone: 'eu-west-1a',
              Size: 10,
              VolumeType: 'gp3',
              TagSpecifications: [{ ResourceType: 'volume', Tags: [{ Key: 'Name', Value: name }] }],
            }),
          )
        ).VolumeId ?? '';
      const names = { ...seeded, Disk: await disk('disk'), OldDisk: await disk('old-disk') };
      seededNow = names;
      const road = await openRoad(sandbox, secrets);
      const before = befores.get(scenario) ?? (await lane.state(road));
      befores.set(scenario, before);
      return { text: fill(planOf(scenario), names), names, road, before, census: await lane.census() };
    },
    async state(road) {
      const lists = Object.fromEntries(
        await Promise.all(types.map(async (type) => [type, await road.all(type)] as const)),
      ) as Record<(typeof types)[number], Awaited<ReturnType<Road['all']>>>;
      const ids: Record<string, string> = {};
      for (const { identity, attributes, properties } of lists['AWS::EC2::Instance']) {
        ids[identity] = `INSTANCE ${nameOf(properties)}`;
        for (const device of attributes['BlockDevices'] as readonly JsonObject[])
          ids[String(device['VolumeId'])] = `VOLUME ${nameOf(properties)} ${String(device['DeviceName'])}`;
      }
      // Roots of replaced and deleted instances are kept by law; they have no name and hang on nothing.
      const kept = lists['AWS::EC2::Volume'].filter(
        ({ identity, properties }) => ids[identity] !== undefined || nameOf(properties) !== '',
      );
      for (const { identity, properties } of kept) ids[identity] ??= `VOLUME ${nameOf(properties)}`;
      for (const { identity, properties } of lists['AWS::EC2::SecurityGroup'])
        ids[identity] = `GROUP ${String(properties['GroupName'])}`;
      const resources = types
        .flatMap((type) => (type === 'AWS::EC2::Volume' ? kept : lists[type]))
        .map(
          ({ type, identity, state, properties, pending, systemTags }) =>
            [
              `${type} ${identity}`,
              {
                state,
                properties: comparable(properties, nameOf(properties)),
                pending,
                restoring: systemTags['aiplan:restoring'] ?? null,
              },
            ] as const,
        );
      let text = JSON.stringify([
        ...resources,
        ...(await Promise.all(
          lists['AWS::S3::Bucket'].map(
            async ({ identity }) => [`objects of ${identity}`, await objectsIn(identity)] as const,
          ),
        )),
      ]);
      for (const [id, name] of Object.entries(ids)) text = text.replaceAll(id, name);
      for (const [name, id] of Object.entries(seededNow))
        if (/^(?:vpc|subnet|ami)-/u.test(id)) text = text.replaceAll(id, name);
      // What every account has from the beginning, under another identity each time.
      text = text.replaceAll(/\b(vpc|subnet)-[0-9a-f]{8,}/gu, '$1');
      return Object.fromEntries(
        (JSON.parse(text) as (readonly [string, Json])[])
          .map(([name, value]) => [name, sorted(value)] as const)
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      );
    },
    async census() {
      const things = new Map<string, Found>();
      const add = (
        id: string | undefined,
        tags: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined,
        ...more: readonly (string | undefined)[]
      ): void => {
        if (id !== undefined)
          things.set(id, {
            id,
            names: [
              ...(tags ?? []).filter(({ Key }) => Key?.startsWith('aiplan:') === true).map(({ Value }) => Value),
              ...more,
            ].flatMap((name) => (name === undefined || name.length < 4 ? [] : [name])),
          });
      };
      for (const { Instances = [] } of (await ec2.send(new DescribeInstancesCommand({}))).Reservations ?? []) {
        for (const { InstanceId, Tags, ClientToken, State, BlockDeviceMappings = [] } of Instances) {
          if (State?.Name === 'terminated') continue;
          add(InstanceId, Tags, ClientToken);
          // A volume that an instance brought with it is accounted for by the instance.
          for (const { Ebs } of BlockDeviceMappings) add(Ebs?.VolumeId, Tags, ClientToken, InstanceId);
        }
      }
      for (const { VolumeId, Tags, SnapshotId } of (await ec2.send(new DescribeVolumesCommand({}))).Volumes ?? [])
        if (!things.has(VolumeId ?? '')) add(VolumeId, Tags, SnapshotId);
      for (const { GroupId, Tags, GroupName } of (await ec2.send(new DescribeSecurityGroupsCommand({})))
        .SecurityGroups ?? [])
        add(GroupId, Tags, GroupName);
      const taken = (await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }))).Snapshots ?? [];
      const images = (await ec2.send(new DescribeImagesCommand({ Owners: ['self'] }))).Images ?? [];
      for (const { ImageId, Tags, Name } of images) add(ImageId, Tags, Name);
      // A snapshot that an image is made of is accounted for by the image.
      for (const { SnapshotId, Tags } of taken) {
        const image = images.find(({ BlockDeviceMappings = [] }) =>
          BlockDeviceMappings.some(({ Ebs }) => Ebs?.SnapshotId === SnapshotId),
        );
        add(SnapshotId, [...(Tags ?? []), ...(image?.Tags ?? [])], image?.ImageId, image?.Name);
      }
      for (const { DBInstanceIdentifier, TagList } of (await rds.send(new DescribeDBInstancesCommand({})))
        .DBInstances ?? [])
        add(DBInstanceIdentifier, TagList);
      const saved = (await rds.send(new DescribeDBSnapshotsCommand({}))).DBSnapshots ?? [];
      for (const { DBSnapshotIdentifier, TagList } of saved) add(DBSnapshotIdentifier, TagList);
      const buckets = (await s3.send(new ListBucketsCommand({}))).Buckets ?? [];
      for (const { Name } of buckets) add(Name, undefined);
      const captures = buckets.find(({ Name }) => Name?.startsWith('aiplan-captures-'))?.Name;
      const stored =
        captures === undefined
          ? []
          : ((await s3.send(new ListObjectVersionsCommand({ Bucket: captures }))).Versions ?? []);
      return {
        things,
        copies: new Set(stored.filter(({ Key }) => Key !== undefined && !Key.endsWith('.json')).map(({ Key }) => Key))
          .size,
        snapshots: {
          volumes: taken.filter(({ State }) => State === 'completed').map(({ VolumeId = '' }) => VolumeId),
          databases: saved
            .filter(({ Status }) => Status === 'available')
            .map(({ DBInstanceIdentifier = '' }) => DBInstanceIdentifier),
        },
      };
    },
    async close() {
      for (const client of Object.values(clients)) client.destroy();
      await sandbox.stop();
    },
  };
  const objectsIn = async (Bucket: string): Promise<Json> => {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    return [
      ...Versions.map(({ Key, ETag }) => `${Key} ${ETag}`),
      ...DeleteMarkers.map(({ Key }) => `${Key} marker`),
    ].sort();
  };
  return lane;
}

const nameOf = (properties: JsonObject): string =>
  String((properties['Tags'] as JsonObject | undefined)?.['Name'] ?? '');

/**
 * Where an old instance or a volume came from is announced as lost; of masked texts only that they are set can be
 * compared.
 */
function comparable(value: Json | undefined, name: string): Json {
  if (Array.isArray(value)) return value.map((item) => comparable(item, name));
  if (typeof value !== 'object' || value === null) return value ?? null;
  const { ImageId: _image, SnapshotId: _snapshot, digest, ...rest } = value as JsonObject;
  const { PrivateIpAddress: _address, ...unplaced } = rest;
  // The address of what is made anew is AWS's choice.
  const shown = name.startsWith('made') ? unplaced : rest;
  return Object.fromEntries(
    Object.entries('$masked' in value ? shown : { ...shown, ...(digest === undefined ? {} : { digest }) }).map(
      ([key, item]) => [key, comparable(item ?? null, name)],
    ),
  );
}

function sorted(value: Json): Json {
  if (Array.isArray(value))
    return value.map(sorted).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, sorted(item ?? null)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** What differs between two states, in words; null where nothing does. */
export function difference(now: JsonObject, wanted: JsonObject): string | null {
  const names = [...new Set([...Object.keys(now), ...Object.keys(wanted)])].filter(
    (name) => JSON.stringify(now[name]) !== JSON.stringify(wanted[name]),
  );
  return names.length === 0
    ? null
    : names
        .map(
          (name) =>
            `${name}: ${JSON.stringify(now[name]) ?? 'gone'} instead of ${JSON.stringify(wanted[name]) ?? 'nothing'}`,
        )
        .join('; ');
}
