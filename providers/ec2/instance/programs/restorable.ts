import { look, type Program } from '../../../../src/domain/call.ts';
import type { JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import type { Restorable, StepContext } from '../../../../src/domain/resource-type.ts';
import { listOf, objectOf, textOf, textsOf } from '../../../aws/values/fields.ts';
import { keysRestorable, type NeededKey } from '../../../aws/values/keys.ts';
import { blockDevicesOf, interfacesOf, primaryInterfaceOf } from '../reading/facts.ts';
import { liveOf } from '../reading/state.ts';
import { filtered } from '../../paging.ts';
import { isKeyGone, placementProblems, usedAddresses } from './placement.ts';
import { describeSnapshots } from '../../snapshots.ts';
import type { Capture } from '../../../../src/domain/capture-plan.ts';

/**
 * Whether an instance could be launched from its image now: what `restoreInstance` uses, and not the image or the key
 * pair that it was launched with once. A key pair that is gone is left out, an address that is taken is replaced. Reads
 * only.
 */
export function* instanceRestorable(context: StepContext, capture: Capture | null): Program<Restorable> {
  const live = liveOf(context);
  const { SubnetId, SecurityGroupIds, KeyName } = live.properties;
  const returning = new Set(context.returning);
  const groups = textsOf(SecurityGroupIds)
    .filter((group) => !returning.has(group))
    .map(context.remap);
  const problems = [
    ...(yield* placementProblems({ subnet: context.remap(textOf(SubnetId) ?? '') || undefined, groups })),
  ];
  const losses: string[] = [];
  if (yield* isKeyGone(KeyName))
    losses.push(
      `the key pair "${textOf(KeyName) ?? ''}", which does not exist any more: it comes back without KeyName; the key itself is in its root volume`,
    );
  const there = context.remains !== undefined;
  if (!there && !(yield* isOffered(live))) {
    const text = `AWS does not offer ${textOf(live.properties['InstanceType']) ?? ''} in ${textOf(live.properties['AvailabilityZone']) ?? ''} any more`;
    if (capture === null) losses.push(`its type: ${text}, so that it comes back only as another`);
    else problems.push(text);
  }
  const keys = there ? { problems: [], losses: [] } : yield* keysRestorable(keysOf(live), capture !== null);
  problems.push(...keys.problems);
  losses.push(...keys.losses);
  if (capture === null) return { problems: [...problems, ...(yield* imageName(context))], losses };
  if (!there) problems.push(...(yield* imageProblems(capture, live)));
  problems.push(...(yield* volumeProblems(context, live, capture)));
  const address = textOf(live.properties['PrivateIpAddress']);
  const addresses = [
    ...(address === undefined ? [] : [address]),
    ...textsOf(primaryInterfaceOf(live)?.raw['SecondaryPrivateIpAddresses']),
  ];
  const used = there
    ? new Set<string>()
    : yield* usedAddresses(context.remap(textOf(SubnetId) ?? ''), addresses, undefined, context.deletedBefore);
  for (const item of addresses)
    if (used.has(item))
      losses.push(`the private address ${item}, which something else has by now: AWS assigns another`);
  if (context.apart === undefined) losses.push(...(yield* ownThings(context, live)));
  return { problems, losses };
}

/** The keys of its volumes, which the snapshots of its image have too. */
const keysOf = (live: LiveResource): readonly NeededKey[] =>
  blockDevicesOf(live).flatMap(({ encrypted, kmsKeyId, volume }) =>
    encrypted === true && kmsKeyId !== undefined ? [{ key: kmsKeyId, of: volume }] : [],
  );

/**
 * Another instance with the same disks: its id is AWS's, and what only one can have (elastic addresses, in another
 * subnet its address) stays where it is.
 */
export function instanceApart(
  live: LiveResource,
  as: string | null,
  instead: JsonObject,
): LiveResource | { readonly blocked: string } {
  if (as !== null) return { blocked: 'AWS gives an instance its id: leave --as out' };
  // Another subnet has other addresses, and may lie in another zone.
  const { PrivateIpAddress: _address, AvailabilityZone: _zone, ...moved } = live.properties;
  return {
    ...live,
    properties: 'SubnetId' in instead ? moved : live.properties,
    attributes: { ...live.attributes, Addresses: [] },
  };
}

/**
 * Things that only one instance can have, and that may be gone or elsewhere by now: elastic and IPv6 addresses, further
 * interfaces. A restore continues without it.
 */
function* ownThings(context: StepContext, live: LiveResource): Program<readonly string[]> {
  const { remains } = context;
  // What it has itself, and what instances have that the same plan deletes before, is free by then.
  const free = [live.identity, remains?.identity, ...(context.deletedBefore ?? [])];
  const losses: string[] = [];
  const elastic = listOf(live.attributes['Addresses'])
    .map((item) => textOf(item['AllocationId']) ?? '')
    .filter((id) => id !== '');
  if (elastic.length > 0) {
    const found = listOf(
      (yield* look(
        { service: 'ec2', operation: 'DescribeAddresses', input: filtered('allocation-id', elastic) },
        { Addresses: elastic.map((AllocationId) => ({ AllocationId })) },
      ))?.['Addresses'],
    );
    for (const id of elastic) {
      const holder = heldBy(
        found.find((item) => item['AllocationId'] === id),
        'AssociationId',
        free,
      );
      if (holder !== null) losses.push(`the elastic address ${id}, which ${holder}`);
    }
  }
  const cards = interfacesOf(live)
    .filter(({ index }) => index > 0)
    .map(({ id }) => context.remap(id));
  if (cards.length > 0) {
    const found = listOf(
      (yield* look(
        { service: 'ec2', operation: 'DescribeNetworkInterfaces', input: filtered('network-interface-id', cards) },
        { NetworkInterfaces: cards.map((NetworkInterfaceId) => ({ NetworkInterfaceId })) },
      ))?.['NetworkInterfaces'],
    );
    for (const id of cards) {
      const card = found.find((item) => item['NetworkInterfaceId'] === id);
      const holder = heldBy(card === undefined ? undefined : { ...objectOf(card['Attachment']) }, 'AttachmentId', free);
      if (holder !== null) losses.push(`the network interface ${id}, which ${holder}`);
    }
  }
  const former = remains === undefined ? textsOf(primaryInterfaceOf(live)?.raw['Ipv6Addresses']) : [];
  const used = yield* usedAddresses(
    context.remap(textOf(live.properties['SubnetId']) ?? ''),
    former,
    'ipv6-addresses.ipv6-address',
    context.deletedBefore,
  );
  return [
    ...losses,
    ...former
      .filter((item) => used.has(item))
      .map((item) => `the IPv6 address ${item}, which something else has by now`),
  ];
}

/**
 * Why something cannot be had, or null where it is free or at the instance itself. `tie`: the field that says that
 * something has it.
 */
function heldBy(found: JsonObject | undefined, tie: string, own: readonly (string | undefined)[]): string | null {
  if (found === undefined) return 'does not exist any more';
  const instance = textOf(found['InstanceId']);
  return textOf(found[tie]) === undefined || (instance !== undefined && own.includes(instance))
    ? null
    : `${instance ?? 'something else'} has by now`;
}

/** CreateImage takes a name that no image of the account has. */
function* imageName({ captureName }: StepContext): Program<readonly string[]> {
  const named = yield* look(
    { service: 'ec2', operation: 'DescribeImages', input: { ...filtered('name', [captureName]), Owners: ['self'] } },
    { Images: [] },
  );
  return listOf(named?.['Images']).length > 0 ? [`an image named "${captureName}" exists already`] : [];
}

/** Whether the zone has the type. DescribeInstanceTypeOfferings. */
function* isOffered(live: LiveResource): Program<boolean> {
  const type = textOf(live.properties['InstanceType']);
  const zone = textOf(live.properties['AvailabilityZone']);
  if (type === undefined || zone === undefined) return true;
  const answer = yield* look(
    {
      service: 'ec2',
      operation: 'DescribeInstanceTypeOfferings',
      input: {
        LocationType: 'availability-zone',
        Filters: [
          { Name: 'location', Values: [zone] },
          { Name: 'instance-type', Values: [type] },
        ],
      },
    },
    { InstanceTypeOfferings: [{ InstanceType: type, Location: zone }] },
  );
  return listOf(answer?.['InstanceTypeOfferings']).some(({ InstanceType }) => InstanceType === type);
}

/** The image of the capture, which RunInstances takes. */
function* imageProblems(capture: Capture, live: LiveResource): Program<readonly string[]> {
  const image = textOf(capture.refs['image']);
  if (image === undefined) return [`the capture of ${live.identity} holds no image to launch from`];
  const answer = yield* look(
    {
      service: 'ec2',
      operation: 'DescribeImages',
      input: { ...filtered('image-id', [image]), IncludeDeprecated: true },
    },
    { Images: [{ State: 'available' }] },
  );
  const found = listOf(answer?.['Images'])[0];
  if (found?.['State'] === 'available') return [];
  const snapshots = listOf(capture.refs['snapshots']).map(
    (item) => `${textOf(item['SnapshotId']) ?? ''} of ${textOf(item['VolumeId']) ?? ''}`,
  );
  return [
    `the image ${image} of its capture ${found === undefined ? 'does not exist any more' : `is ${textOf(found['State']) ?? 'in an unknown state'}`}; its data lies in the snapshots ${snapshots.join(', ')}, as far as they are there: make volumes of them with aws ec2 create-volume --snapshot-id`,
  ];
}

/** Each volume besides the root is free, or its snapshot is there. */
function* volumeProblems(context: StepContext, live: LiveResource, capture: Capture): Program<readonly string[]> {
  const data = blockDevicesOf(live).filter(({ root, volume }) => !root && !(context.returning ?? []).includes(volume));
  if (data.length === 0) return [];
  const ids = data.map(({ volume }) => context.remap(volume));
  const volumes = listOf(
    (yield* look(
      { service: 'ec2', operation: 'DescribeVolumes', input: filtered('volume-id', ids) },
      { Volumes: ids.map((VolumeId) => ({ VolumeId, State: 'available' })) },
    ))?.['Volumes'],
  );
  const gone = data.filter(
    ({ volume }) =>
      !volumes.some(
        (item) =>
          item['VolumeId'] === context.remap(volume) &&
          context.apart === undefined &&
          (item['State'] === 'available' || context.remains !== undefined),
      ),
  );
  if (gone.length === 0) return [];
  const snapshotOf = (volume: string): string =>
    textOf(listOf(capture.refs['snapshots']).find((item) => item['VolumeId'] === volume)?.['SnapshotId']) ?? '';
  const wanted = gone.map(({ volume }) => snapshotOf(volume)).filter((id) => id !== '');
  const found =
    wanted.length === 0
      ? []
      : listOf(
          (yield* look(describeSnapshots(wanted), {
            Snapshots: wanted.map((SnapshotId) => ({ SnapshotId, State: 'completed' })),
          }))?.['Snapshots'],
        );
  return gone
    .filter(
      ({ volume }) => !found.some((item) => item['SnapshotId'] === snapshotOf(volume) && item['State'] === 'completed'),
    )
    .map(
      ({ volume, device }) =>
        `the volume ${volume} (${device}) is not free any more, and its snapshot ${snapshotOf(volume) || '(none)'} is not there either`,
    );
}
