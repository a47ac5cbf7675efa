import {
  DescribeAddressesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSnapshotsCommand,
} from '@aws-sdk/client-ec2';
import { DescribeDBSnapshotsCommand } from '@aws-sdk/client-rds';
import { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { isObject, type Json, type JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { BUCKET, DATABASE, GROUP, INSTANCE, VOLUME, type Census } from './drill-plan.ts';
import type { Road } from './road.ts';
import { clientsOf } from './sandbox.ts';

const types = [INSTANCE, VOLUME, GROUP, DATABASE, BUCKET] as const;

/** Everything that lives, as far as it can be read. */
export const censusOf = async (road: Road): Promise<Census> =>
  Object.fromEntries(await Promise.all(types.map(async (type) => [type, await road.readable(type)] as const)));

/** An account as a person would compare it, by `type identity`; what is beside the managed types too. */
export type Picture = ReadonlyMap<string, JsonObject>;

/**
 * Takes the picture: all managed resources with everything read of them, interfaces, addresses, backups of others,
 * every version of every object.
 */
export async function pictureOf(road: Road, sandbox: Sandbox): Promise<Picture> {
  const census = await censusOf(road);
  const { ec2, rds, s3 } = clientsOf(sandbox.endpoint);
  const picture = new Map<string, JsonObject>();
  try {
    for (const live of Object.values(census).flat()) picture.set(`${live.type} ${live.identity}`, shown(live));
    for (const { NetworkInterfaceId = '', Groups = [], Attachment, Description, SubnetId } of (
      await ec2.send(new DescribeNetworkInterfacesCommand({}))
    ).NetworkInterfaces ?? []) {
      picture.set(`interface ${NetworkInterfaceId}`, {
        Groups: Groups.map(({ GroupId }) => GroupId ?? '').toSorted(),
        Instance: Attachment?.InstanceId ?? null,
        Description: Description ?? '',
        SubnetId: SubnetId ?? '',
        Goes: Attachment?.DeleteOnTermination ?? null,
      });
    }
    for (const { AllocationId = '', InstanceId, NetworkInterfaceId } of (
      await ec2.send(new DescribeAddressesCommand({}))
    ).Addresses ?? [])
      picture.set(`address ${AllocationId}`, {
        InstanceId: InstanceId ?? null,
        NetworkInterfaceId: NetworkInterfaceId ?? null,
      });
    const isOurs = (tags: readonly { readonly Key?: string | undefined }[] | undefined): boolean =>
      tags?.some(({ Key }) => Key === 'aiplan:op') === true;
    for (const { SnapshotId = '', Tags } of (await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] })))
      .Snapshots ?? [])
      if (!isOurs(Tags)) picture.set(`snapshot ${SnapshotId}`, {});
    for (const { DBSnapshotIdentifier = '', TagList, SnapshotType } of (
      await rds.send(new DescribeDBSnapshotsCommand({}))
    ).DBSnapshots ?? [])
      if (!isOurs(TagList) && SnapshotType === 'manual') picture.set(`snapshot ${DBSnapshotIdentifier}`, {});
    for (const { identity } of census[BUCKET] ?? []) {
      if (identity.startsWith('audit-archive')) continue;
      const listed = await s3.send(new ListObjectVersionsCommand({ Bucket: identity })).catch((error: unknown) => {
        if ((error as { name?: unknown }).name !== 'AccessDenied') throw error;
        return null;
      });
      // What nobody can read is not changed by anybody either: nothing of the plan is about it.
      if (listed === null) continue;
      const { Versions = [], DeleteMarkers = [] } = listed;
      const keys: Record<string, string[]> = {};
      for (const { Key = '', ETag, IsLatest } of [
        ...Versions,
        ...DeleteMarkers.map((marker) => ({ ...marker, ETag: 'marker' })),
      ])
        (keys[Key] ??= []).push(`${IsLatest === true ? 'now ' : ''}${ETag ?? ''}`);
      picture.set(`objects ${identity}`, keys);
    }
    return picture;
  } finally {
    for (const client of [ec2, rds, s3]) client.destroy();
  }
}

/** Without what AWS assigns anew by itself: where something came from; a masked text is only known to be set. */
const shown = ({ properties, state, pending, binding, systemTags }: LiveResource): JsonObject => ({
  properties: comparable(properties),
  state,
  pending,
  owner: Object.fromEntries(
    Object.entries(systemTags).filter(([key]) => key !== 'aiplan:op' && key !== 'aiplan:restored-from'),
  ),
  attached: binding['attached'] ?? null,
  dependents: binding['dependents'] ?? null,
  protections: binding['protections'] ?? null,
});

function comparable(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map(comparable);
  if (!isObject(value)) return value ?? null;
  const { digest, ...rest } = value;
  return Object.fromEntries(
    Object.entries('$masked' in value ? rest : { ...rest, ...(digest === undefined ? {} : { digest }) }).map(
      ([key, item]) => [key, comparable(item)],
    ),
  );
}

export interface Allowed {
  /** Former → new identities. */
  readonly map: Readonly<Record<string, string>>;
  /** Identities that the plan said would be left over. */
  readonly leftovers: ReadonlySet<string>;
  /** Properties that may differ of what was restored or cannot be put back, by former identity. */
  readonly lost: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What is not as before, one line each; empty: the account ended as it began, but for what was announced. */
export function differences(before: Picture, after: Picture, { map, leftovers, lost }: Allowed): readonly string[] {
  const found: string[] = [];
  const renamed = (text: string): string =>
    Object.entries(map).reduce((all, [from, to]) => all.replaceAll(from, to), text);
  const expected = new Map(
    [...before].map(([name, value]) => [
      renamed(name),
      { former: name, value: JSON.parse(renamed(JSON.stringify(value))) as JsonObject },
    ]),
  );
  for (const [name, { former, value }] of expected) {
    const now = after.get(name);
    if (now === undefined) {
      if (!isPrimary(former)) found.push(`${former} is gone`);
      continue;
    }
    const may = lost.get(former.slice(former.indexOf(' ') + 1));
    differ(value, now, '', (path, was, is) => {
      const top = path.replace(/^properties\./u, '').split(/[.[]/u, 1)[0] ?? '';
      if (may?.has(top) === true || may?.has(path) === true) return;
      found.push(
        `${former}${name === former ? '' : ` (now ${name})`} ${path}: ${JSON.stringify(was)} → ${JSON.stringify(is)}`,
      );
    });
  }
  for (const name of after.keys())
    if (!expected.has(name) && !leftovers.has(name.slice(name.indexOf(' ') + 1)) && !isPrimary(name))
      found.push(`${name} is new: ${JSON.stringify(after.get(name))}`);
  return found;

  /** The first card of an instance comes and goes with it. */
  function isPrimary(name: string): boolean {
    const value = before.get(name) ?? after.get(name);
    return name.startsWith('interface ') && value?.['Goes'] === true;
  }
}

function differ(
  was: Json | undefined,
  is: Json | undefined,
  path: string,
  tell: (path: string, was: Json | undefined, is: Json | undefined) => void,
): void {
  if (isObject(was) && isObject(is)) {
    for (const key of new Set([...Object.keys(was), ...Object.keys(is)]))
      differ(was[key], is[key], path === '' ? key : `${path}.${key}`, tell);
  } else if (Array.isArray(was) && Array.isArray(is)) {
    const sorted = (items: readonly Json[]): string =>
      JSON.stringify(items.map((item) => JSON.stringify(item)).toSorted());
    if (sorted(was as readonly Json[]) !== sorted(is as readonly Json[])) tell(path, was, is);
  } else if (JSON.stringify(was ?? null) !== JSON.stringify(is ?? null)) tell(path, was, is);
}
