import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import type { Parameters } from '../protocol/parameters.ts';
import type { ImageDevice } from '../protocol/emulator-state.ts';
import { element, listAt, put, textAt, type Element } from '../protocol/xml.ts';
import { instanceOf, stateOf, volumeOf } from './answers.ts';
import { freeze } from './snapshots.ts';

async function deviceOf(
  context: QueryContext,
  mapping: Element,
  tags: Readonly<Record<string, string>>,
  override: Parameters | undefined,
): Promise<ImageDevice> {
  const identity = textAt(mapping, 'ebs', 'volumeId');
  const volume = await volumeOf(context, identity);
  const snapshot = await context.send('ec2', 'CreateSnapshot', {
    VolumeId: identity,
    Description: `Created by CreateImage(${context.asked.get('InstanceId')})`,
    ...tags,
  });
  const snapshotId = textAt(snapshot, 'snapshotId');
  await freeze(context, snapshotId, volume);
  return {
    deviceName: textAt(mapping, 'deviceName'),
    snapshotId,
    size: override?.get('Ebs.VolumeSize') ?? textAt(volume, 'size'),
    volumeType: override?.get('Ebs.VolumeType') ?? textAt(volume, 'volumeType'),
    iops: textAt(volume, 'volumeType') === 'gp2' ? '' : textAt(volume, 'iops'),
    throughput: context.world.throughput.get(identity) ?? textAt(volume, 'throughput'),
    encrypted: textAt(volume, 'encrypted') === 'true',
    deleteOnTermination:
      override?.has('Ebs.DeleteOnTermination') === true
        ? override.isTrue('Ebs.DeleteOnTermination')
        : (context.world.deleteOnTermination.get(identity) ?? false),
  };
}

/**
 * The tags that the request wants on snapshots, as parameters of CreateSnapshot. The emulator answers 500 to them in
 * CreateImage.
 */
function takeSnapshotTags(parameters: Parameters): Readonly<Record<string, string>> {
  const specifications = parameters.structures('TagSpecification');
  parameters.setStructures(
    'TagSpecification',
    specifications.filter((item) => item.get('ResourceType') !== 'snapshot').map((item) => item.toRecord()),
  );
  const wanted = specifications.find((item) => item.get('ResourceType') === 'snapshot');
  return wanted === undefined
    ? {}
    : Object.fromEntries(
        Object.entries(wanted.toRecord()).map(([name, value]) => [`TagSpecification.1.${name}`, value]),
      );
}

async function hideOwnSnapshot(context: QueryContext, image: string): Promise<void> {
  const [described] = listAt(await context.send('ec2', 'DescribeImages', { 'ImageId.1': image }), 'imagesSet');
  const snapshots = listAt(described, 'blockDeviceMapping').map((mapping) => textAt(mapping, 'ebs', 'snapshotId'));
  for (const snapshot of snapshots) context.world.settings.set(`${snapshot}/hidden`, 'true');
}

const refuseTakenName = async (context: QueryContext): Promise<void> => {
  const name = context.parameters.get('Name') ?? '';
  const images = listAt(await context.send('ec2', 'DescribeImages', { 'Owner.1': 'self' }), 'imagesSet');
  const taken = images.find((image) => textAt(image, 'name') === name);
  if (taken !== undefined)
    throw new Refusal(
      'InvalidAMIName.Duplicate',
      `AMI name ${name} is already in use by AMI ${textAt(taken, 'imageId')}`,
    );
};

const deviceContent = (device: ImageDevice): Element =>
  element('item', [
    element('deviceName', device.deviceName),
    element('ebs', [
      element('deleteOnTermination', String(device.deleteOnTermination)),
      element('snapshotId', device.snapshotId),
      element('volumeSize', device.size),
      element('volumeType', device.volumeType),
      element('encrypted', String(device.encrypted)),
      ...(device.iops === '' ? [] : [element('iops', device.iops)]),
      ...(device.throughput === '' ? [] : [element('throughput', device.throughput)]),
    ]),
  ]);

/**
 * API CreateImage: snapshots of every attached volume; the emulator gives one root of 15 GiB whatever the instance has.
 */
export const images: readonly QueryCorrection[] = [
  {
    operations: ['CreateImage'],
    answers:
      'an image holds a snapshot of every attached volume; names are unique; tags for snapshots; pending for a while',
    async before(context) {
      const instance = await instanceOf(context, context.parameters.get('InstanceId') ?? '');
      if (!['running', 'stopped', 'stopping'].includes(stateOf(context, instance))) {
        throw new Refusal(
          'IncorrectState',
          `Instance ${textAt(instance, 'instanceId')} is not 'running' or 'stopped'.`,
        );
      }
      await refuseTakenName(context);
      for (const [name, value] of Object.entries(takeSnapshotTags(context.parameters))) context.notes.set(name, value);
      context.parameters.deletePrefix('BlockDeviceMapping.');
    },
    async after(context, answer) {
      const { world, asked, notes } = context;
      const image = textAt(answer, 'imageId');
      const instance = await instanceOf(context, asked.get('InstanceId') ?? '');
      const overrides = new Map(asked.structures('BlockDeviceMapping').map((item) => [item.get('DeviceName'), item]));
      await hideOwnSnapshot(context, image);
      const devices = [];
      for (const mapping of listAt(instance, 'blockDeviceMapping')) {
        const override = overrides.get(textAt(mapping, 'deviceName'));
        if (override?.has('NoDevice') !== true)
          devices.push(await deviceOf(context, mapping, Object.fromEntries(notes), override));
      }
      world.images.set(image, {
        rootDeviceName: world.rootDevices.get(textAt(instance, 'instanceId')) ?? textAt(instance, 'rootDeviceName'),
        devices,
      });
      world.transitions.begin(image, 'pending');
    },
  },
  {
    operations: ['RegisterImage'],
    answers: 'an image keeps the block devices that it was registered with',
    before: refuseTakenName,
    async after(context, answer) {
      const { world, asked } = context;
      const image = textAt(answer, 'imageId');
      const devices = asked.structures('BlockDeviceMapping').map((item): ImageDevice => ({
        deviceName: item.get('DeviceName') ?? '',
        snapshotId: item.get('Ebs.SnapshotId') ?? '',
        size: item.get('Ebs.VolumeSize') ?? world.snapshots.get(item.get('Ebs.SnapshotId') ?? '')?.size ?? '8',
        volumeType: item.get('Ebs.VolumeType') ?? 'gp2',
        iops: item.get('Ebs.Iops') ?? '',
        throughput: item.get('Ebs.Throughput') ?? '',
        encrypted: item.isTrue('Ebs.Encrypted'),
        deleteOnTermination: item.get('Ebs.DeleteOnTermination') !== 'false',
      }));
      await hideOwnSnapshot(context, image);
      world.images.set(image, { rootDeviceName: asked.get('RootDeviceName') ?? '/dev/sda1', devices });
    },
  },
  {
    operations: ['DescribeImages'],
    answers: 'block devices as they were captured or registered; pending for a while',
    after(context, answer) {
      for (const image of listAt(answer, 'imagesSet')) {
        const identity = textAt(image, 'imageId');
        const known = context.world.images.get(identity);
        if (known !== undefined) {
          put(image, 'rootDeviceName', known.rootDeviceName);
          put(image, 'rootDeviceType', 'ebs');
          put(image, 'blockDeviceMapping', known.devices.map(deviceContent));
        }
        put(image, 'imageState', context.world.transitions.read(identity)?.state ?? 'available');
        const age = context.ages.get(identity);
        if (age !== undefined) put(image, 'creationDate', age);
      }
    },
  },
  {
    operations: ['DeregisterImage'],
    answers: 'a deregistered image cannot be launched; its snapshots stay unless asked for',
    async after(context) {
      const image = context.asked.get('ImageId') ?? '';
      const known = context.world.images.get(image);
      context.world.images.delete(image);
      context.world.settings.set(`${image}/deregistered`, 'true');
      if (!context.asked.isTrue('DeleteAssociatedSnapshots')) return;
      for (const { snapshotId } of known?.devices ?? [])
        if (snapshotId !== '') await context.send('ec2', 'DeleteSnapshot', { SnapshotId: snapshotId });
    },
  },
];
