import { progress, send, type Call, type Program } from '../../../../src/domain/call.ts';
import { UserError } from '../../../../src/base/error.ts';
import { isSecretRef, type JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import type { StepContext } from '../../../../src/domain/resource-type.ts';
import { compact, flagOf, listOf, numberOf, objectOf, textOf, textsOf } from '../../../aws/values/fields.ts';
import { blockDevicesOf, interfacesOf, isRunning, primaryInterfaceOf, type BlockDevice } from '../reading/facts.ts';
import { launchSettings } from './launch.ts';
import { associateAddresses, setVolumeFate, type AddressPlace } from './parts.ts';
import { liveOf, start, stop, untilState } from '../reading/state.ts';
import { isKeyGone, usedAddresses } from './placement.ts';
import { isLastingRefusal } from '../../../aws/values/dispensable.ts';
import { restoreTags } from '../../../aws/values/tags.ts';
import { tagSpecification } from '../../tags.ts';
import type { Capture } from '../../../../src/domain/capture-plan.ts';
import { returnVolumes, returnInterfaces } from './restore-parts.ts';

interface Restored {
  readonly identity: string;
  readonly map: Readonly<Record<string, string>>;
}

/**
 * Launches the instance from its image with its former settings, puts the kept volumes, interfaces and elastic
 * addresses back (or makes volumes from the snapshots where they are gone), and leaves it running or stopped as it was.
 * It launches, makes and attaches nothing that an earlier try did.
 */
export function* restoreInstance(context: StepContext, capture: Capture): Program<Restored> {
  const live = liveOf(context);
  const image = textOf(capture.refs['image']);
  if (image === undefined)
    throw new UserError('no-image', `the capture of ${live.identity} holds no image to restore from`);
  const { remains } = context;
  const network = remains === undefined ? yield* primaryOf(context, live) : null;
  const identity =
    network === null ? (remains?.identity ?? '') : yield* launch(context, live, image, capture, network.input);
  const map: Record<string, string> = { [live.identity]: identity };
  const instance = yield* untilState(identity, network === null ? ['running', 'stopped'] : ['running']);
  const card = listOf(instance['NetworkInterfaces']).find(
    (item) => (numberOf(objectOf(item['Attachment'])['DeviceIndex']) ?? 0) === 0,
  );
  const primary = textOf(card?.['NetworkInterfaceId']) ?? '';
  const root = textOf(
    objectOf(
      listOf(instance['BlockDeviceMappings']).find((item) => item['DeviceName'] === instance['RootDeviceName'])?.[
        'Ebs'
      ],
    )['VolumeId'],
  );
  const formerRoot = blockDevicesOf(live).find((device) => device.root);
  if (formerRoot !== undefined && root !== undefined) map[formerRoot.volume] = root;
  const formerPrimary = primaryInterfaceOf(live);
  if (formerPrimary !== undefined) map[formerPrimary.id] = primary;

  const data = blockDevicesOf(live).filter((device) => !device.root);
  const attached = new Map(
    listOf(instance['BlockDeviceMappings']).map((item) => [
      item['DeviceName'],
      textOf(objectOf(item['Ebs'])['VolumeId']) ?? '',
    ]),
  );
  const missing = data.filter(({ device }) => !attached.has(device));
  for (const { device, volume } of data)
    if (attached.has(device) && attached.get(device) !== context.remap(volume))
      map[volume] = attached.get(device) ?? '';
  const cards = context.apart === undefined ? interfacesOf(live).filter(({ index }) => index > 0) : [];
  const runs = isRunning(live);
  // The system finds its volumes when it starts: they are attached while it is stopped.
  const stops = (missing.length > 0 || !runs) && objectOf(instance['State'])['Name'] !== 'stopped';
  if (stops)
    yield* stop(
      identity,
      missing.length > 0 ? 'stop the instance to attach its volumes' : 'leave the instance stopped, as it was',
    );
  const zone =
    textOf(objectOf(instance['Placement'])['AvailabilityZone']) ?? textOf(live.properties['AvailabilityZone']) ?? '';
  Object.assign(map, yield* returnVolumes(context, { identity, zone }, missing, capture));
  yield* returnInterfaces(
    context,
    identity,
    cards.map(({ id, index, deleteOnTermination }) => ({ id: context.remap(id), index, deleteOnTermination })),
  );
  const fates = blockDevicesOf(live);
  if (fates.length > 0)
    yield* send(setVolumeFate(identity, fates, 'set which volumes are deleted with the instance, as before'));
  if (live.properties['SourceDestCheck'] === false) {
    yield* send({
      service: 'ec2',
      operation: 'ModifyNetworkInterfaceAttribute',
      identity: primary,
      retry: 'absolute',
      purpose: 'switch the source/destination check off, as before',
      input: { NetworkInterfaceId: primary, SourceDestCheck: { Value: false } },
    });
  }
  yield* associateAddresses(placesOf(context, live, primary, network?.requested ?? secondaryOf(card, live)));
  // An earlier try may have left it stopped; starting one that runs changes nothing (StartInstances).
  if (runs && (stops || remains !== undefined)) yield* start(identity, 'start the instance with its volumes');
  for (const [name, on] of [
    ['DisableApiStop', live.attributes['StopProtection']],
    ['DisableApiTermination', live.properties['DisableApiTermination']],
  ] as const) {
    if (on !== true) continue;
    yield* send({
      service: 'ec2',
      operation: 'ModifyInstanceAttribute',
      identity,
      retry: 'absolute',
      purpose: 'protect the instance again',
      input: { InstanceId: identity, [name]: { Value: true } },
    });
  }
  return { identity, map };
}

/**
 * RunInstances from the image of the capture, without a key pair that is gone: the key itself lies in the root volume.
 * Answers the new id.
 */
function* launch(
  context: StepContext,
  live: LiveResource,
  image: string,
  capture: Capture,
  network: JsonObject,
): Program<string> {
  const root = blockDevicesOf(live).find((device) => device.root);
  const userData = objectOf(capture.extras['secrets'])['UserData'];
  const { KeyName, ...others } = live.properties;
  const settings = (yield* isKeyGone(KeyName)) ? others : live.properties;
  const call = (token: string, chosen: JsonObject): Call => ({
    service: 'ec2',
    operation: 'RunInstances',
    identity: token,
    retry: 'token',
    purpose: `launch ${live.identity} again from ${image}`,
    input: compact({
      MinCount: 1,
      MaxCount: 1,
      ClientToken: token,
      ImageId: image,
      ...launchSettings(chosen, {
        zone: textOf(live.properties['SubnetId']) === undefined,
        cpu: live.attributes['CpuOptionsDefault'] === false,
      }),
      NetworkInterfaces: [network],
      BlockDeviceMappings: launchVolumes(live, root),
      UserData: isSecretRef(userData) ? userData : undefined,
      TagSpecifications: [
        tagSpecification(
          'instance',
          restoreTags(context, objectOf(live.properties['Tags']), live.systemTags, live.identity),
        ),
        tagSpecification(
          'volume',
          root === undefined
            ? { 'aiplan:op': context.op }
            : restoreTags(context, root.tags, root.systemTags, root.volume),
        ),
      ],
    }),
    preview: { Instances: [{ InstanceId: 'i-preview' }] },
  });
  const answer = yield* launched(context.op, settings, call);
  const identity = textOf(listOf(answer['Instances'])[0]?.['InstanceId']);
  if (identity === undefined) throw new UserError('unexpected-answer', 'RunInstances answered no instance id');
  return identity;
}

/**
 * A profile that is gone is left out, as the refusal of AWS names it (RunInstances: "Invalid IAM Instance Profile
 * name").
 */
function* launched(
  op: string,
  settings: JsonObject,
  call: (token: string, chosen: JsonObject) => Call,
): Program<JsonObject> {
  try {
    return yield* send(call(op, settings));
  } catch (error) {
    const { IamInstanceProfile, ...others } = settings;
    if (!isLastingRefusal(error) || IamInstanceProfile === undefined || !/instance ?profile/iu.test(error.message))
      throw error;
    yield* progress(
      `left out: the instance profile ${textOf(IamInstanceProfile) ?? ''} (${error.code}: ${error.message})`,
    );
    // Another request under a token that AWS has seen would be refused as another use of it.
    return yield* send(call(`${op}-p`, others));
  }
}

/**
 * The root with its former settings, its contents from the image; data volumes suppressed, because the kept ones
 * return.
 */
function launchVolumes(live: LiveResource, root: BlockDevice | undefined): readonly JsonObject[] {
  const rootMapping =
    root === undefined
      ? []
      : [
          {
            DeviceName: root.device,
            Ebs: compact({
              VolumeSize: root.size,
              VolumeType: root.volumeType,
              Iops: root.iops,
              Throughput: root.throughput,
              DeleteOnTermination: root.deleteOnTermination,
            }),
          },
        ];
  return [
    ...rootMapping,
    ...blockDevicesOf(live)
      .filter((device) => !device.root)
      .map(({ device }) => ({ DeviceName: device, NoDevice: '' })),
  ];
}

/** The primary interface with its former addresses as far as nobody took them, groups and public address. */
function* primaryOf(
  context: StepContext,
  live: LiveResource,
): Program<{ readonly input: JsonObject; readonly requested: ReadonlySet<string> }> {
  const former = primaryInterfaceOf(live);
  const subnet = context.remap(textOf(live.properties['SubnetId']) ?? '');
  const address = textOf(live.properties['PrivateIpAddress']);
  const secondary = textsOf(former?.raw['SecondaryPrivateIpAddresses']);
  const used = yield* usedAddresses(subnet, [...(address === undefined ? [] : [address]), ...secondary]);
  const taken = [address, ...secondary].filter((item) => item !== undefined && used.has(item));
  if (taken.length > 0)
    yield* progress(`the private address ${taken.join(', ')} is in use by now; AWS assigns another`);
  const free = secondary.filter((item) => !used.has(item));
  const own = address !== undefined && !used.has(address) ? address : undefined;
  const formerIpv6 = context.apart === undefined ? textsOf(former?.raw['Ipv6Addresses']) : [];
  const usedIpv6 = yield* usedAddresses(subnet, formerIpv6, 'ipv6-addresses.ipv6-address');
  const ipv6 = formerIpv6.filter((item) => !usedIpv6.has(item));
  const input = compact({
    DeviceIndex: 0,
    SubnetId: subnet === '' ? undefined : subnet,
    Groups: textsOf(live.properties['SecurityGroupIds']).map(context.remap),
    Description: textOf(former?.raw['Description']),
    DeleteOnTermination: flagOf(former?.raw['DeleteOnTermination']) ?? true,
    // A stopped instance shows no public address, whatever it gets when it starts: then the subnet decides.
    AssociatePublicIpAddress:
      live.state === 'stopped' ? undefined : textOf(live.attributes['PassingPublicIp']) !== undefined,
    ...(own !== undefined && free.length > 0
      ? {
          PrivateIpAddresses: [
            { Primary: true, PrivateIpAddress: own },
            ...free.map((item) => ({ Primary: false, PrivateIpAddress: item })),
          ],
        }
      : { PrivateIpAddress: own }),
    Ipv6Addresses: ipv6.length === 0 ? undefined : ipv6.map((item) => ({ Ipv6Address: item })),
  });
  return { input, requested: new Set(own === undefined ? [] : free) };
}

/** The secondary addresses that an interface has; while calls are only listed, all former ones. */
const secondaryOf = (card: JsonObject | undefined, live: LiveResource): ReadonlySet<string> =>
  new Set(
    card?.['PrivateIpAddresses'] === undefined
      ? textsOf(primaryInterfaceOf(live)?.raw['SecondaryPrivateIpAddresses'])
      : listOf(card['PrivateIpAddresses']).flatMap((item) => textOf(item['PrivateIpAddress']) ?? []),
  );

/**
 * Where the elastic addresses were: on the primary interface, or on kept ones; a private address that is lost takes its
 * own along.
 */
function placesOf(
  context: StepContext,
  live: LiveResource,
  primary: string,
  requested: ReadonlySet<string>,
): readonly AddressPlace[] {
  const formerPrimary = primaryInterfaceOf(live)?.id;
  return listOf(live.attributes['Addresses']).flatMap((address): readonly AddressPlace[] => {
    const allocation = textOf(address['AllocationId']) ?? '';
    const former = textOf(address['NetworkInterfaceId']);
    const privateAddress = textOf(address['PrivateIpAddress']);
    if (former !== undefined && former !== formerPrimary)
      return [{ allocation, interface: context.remap(former), privateAddress }];
    if (privateAddress === undefined || privateAddress === live.properties['PrivateIpAddress'])
      return [{ allocation, interface: primary, privateAddress: undefined }];
    return requested.has(privateAddress) ? [{ allocation, interface: primary, privateAddress }] : [];
  });
}
