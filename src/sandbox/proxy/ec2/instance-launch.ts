import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import type { Parameters } from '../protocol/parameters.ts';
import { listAt, textAt } from '../protocol/xml.ts';
import { instancesIn } from './answers.ts';

interface Device {
  deviceName: string;
  snapshotId: string;
  size: string;
  type: string;
  iops: string;
  throughput: string;
  encrypted: boolean;
  kmsKeyId: string;
  deleteOnTermination: boolean;
}

/** The devices of an image; an image that the sandbox does not know brings a root of 8 GiB. */
function devicesOfImage(context: QueryContext, image: string): Device[] {
  const known = context.world.images.get(image);
  if (known === undefined)
    return [
      {
        deviceName: '/dev/sda1',
        snapshotId: '',
        size: '8',
        type: 'gp2',
        iops: '',
        throughput: '',
        encrypted: false,
        kmsKeyId: '',
        deleteOnTermination: true,
      },
    ];
  return known.devices.map((device) => ({
    deviceName: device.deviceName,
    snapshotId: device.snapshotId,
    size: device.size,
    type: device.volumeType,
    iops: device.iops,
    throughput: device.throughput,
    encrypted: device.encrypted,
    kmsKeyId: '',
    deleteOnTermination: device.deleteOnTermination,
  }));
}

/**
 * The image's devices overlaid by the request's (API type BlockDeviceMapping; DeleteOnTermination is true unless said).
 */
function effectiveDevices(context: QueryContext): readonly Device[] {
  const devices = new Map(
    devicesOfImage(context, context.parameters.get('ImageId') ?? '').map((device) => [device.deviceName, device]),
  );
  for (const mapping of context.parameters.structures('BlockDeviceMapping')) {
    const deviceName = mapping.get('DeviceName') ?? '';
    if (mapping.has('NoDevice')) {
      devices.delete(deviceName);
      continue;
    }
    const device = devices.get(deviceName) ?? {
      deviceName,
      snapshotId: '',
      size: '',
      type: 'gp2',
      iops: '',
      throughput: '',
      encrypted: false,
      kmsKeyId: '',
      deleteOnTermination: true,
    };
    overlay(device, mapping);
    devices.set(deviceName, device);
  }
  for (const device of devices.values()) {
    const snapshot = context.world.snapshots.get(device.snapshotId);
    if (snapshot === undefined) continue;
    if (device.size !== '' && Number(device.size) < Number(snapshot.size)) {
      throw new Refusal(
        'InvalidBlockDeviceMapping',
        `Volume of size ${device.size}GB is smaller than snapshot '${device.snapshotId}', expect size >= ${snapshot.size}GB`,
      );
    }
    device.size ||= snapshot.size;
    device.encrypted ||= snapshot.encrypted;
    device.kmsKeyId ||= snapshot.kmsKeyId;
  }
  return [...devices.values()];
}

function overlay(device: Device, mapping: Parameters): void {
  device.snapshotId = mapping.get('Ebs.SnapshotId') ?? device.snapshotId;
  device.size = mapping.get('Ebs.VolumeSize') ?? device.size;
  device.type = mapping.get('Ebs.VolumeType') ?? device.type;
  device.iops = mapping.get('Ebs.Iops') ?? device.iops;
  device.throughput = mapping.get('Ebs.Throughput') ?? device.throughput;
  device.kmsKeyId = mapping.get('Ebs.KmsKeyId') ?? device.kmsKeyId;
  if (mapping.has('Ebs.Encrypted')) device.encrypted = mapping.isTrue('Ebs.Encrypted') || device.encrypted;
  if (mapping.has('Ebs.DeleteOnTermination')) device.deleteOnTermination = mapping.isTrue('Ebs.DeleteOnTermination');
}

/** io1 and io2 need an Iops that the emulator's launch drops, so they begin as gp3 and are modified afterwards. */
const launchType = (type: string): string => (type === 'io1' || type === 'io2' ? 'gp3' : type);

async function refuseTakenAddress(context: QueryContext): Promise<void> {
  const { parameters } = context;
  const first = parameters.structures('NetworkInterface')[0];
  const address = parameters.get('PrivateIpAddress') ?? first?.get('PrivateIpAddress');
  const subnet = parameters.get('SubnetId') ?? first?.get('SubnetId');
  if (address === undefined || subnet === undefined) return;
  const interfaces = listAt(
    await context.send('ec2', 'DescribeNetworkInterfaces', {
      'Filter.1.Name': 'subnet-id',
      'Filter.1.Value.1': subnet,
    }),
    'networkInterfaceSet',
  );
  if (interfaces.some((item) => textAt(item, 'privateIpAddress') === address)) {
    throw new Refusal('InvalidIPAddress.InUse', `Address ${address} is in use.`);
  }
}

/**
 * The primary interface is written out, so that it can be told to go with its instance; its groups are the instance's.
 */
function spellOutInterface(parameters: Parameters): void {
  const interfaces = parameters.structures('NetworkInterface');
  if (interfaces.length === 0) {
    const subnet = parameters.get('SubnetId');
    parameters.delete('SubnetId');
    parameters.setStructures('NetworkInterface', [
      { DeviceIndex: '0', DeleteOnTermination: 'true', ...(subnet === undefined ? {} : { SubnetId: subnet }) },
    ]);
    return;
  }
  const groups = interfaces.find((item) => (item.get('DeviceIndex') ?? '0') === '0')?.list('SecurityGroupId') ?? [];
  if (groups.length > 0) parameters.setList('SecurityGroupId', groups);
  parameters.setStructures(
    'NetworkInterface',
    interfaces.map((item) => {
      if ((item.get('DeviceIndex') ?? '0') === '0') item.deletePrefix('SecurityGroupId.');
      if (!item.has('DeleteOnTermination') && !item.has('NetworkInterfaceId')) item.set('DeleteOnTermination', 'true');
      return { DeviceIndex: '0', ...item.toRecord() };
    }),
  );
}

export const launch: QueryCorrection = {
  operations: ['RunInstances'],
  answers:
    'volumes of the image and of the request, with size, type, IOPS, throughput, encryption and DeleteOnTermination; DisableApiTermination; a taken private address is refused; interfaces go with the instance',
  async before(context) {
    const { parameters, world } = context;
    const image = parameters.get('ImageId') ?? '';
    if (world.settings.get(`${image}/deregistered`) === 'true')
      throw new Refusal('InvalidAMIID.NotFound', `The image id '[${image}]' does not exist`);
    if (world.transitions.peek(image) !== undefined)
      throw new Refusal('InvalidAMIID.Unavailable', `The image ID '${image}' is not available`);
    await refuseTakenAddress(context);
    spellOutInterface(parameters);
    parameters.setStructures(
      'BlockDeviceMapping',
      effectiveDevices(context).map((device) => ({
        DeviceName: device.deviceName,
        'Ebs.VolumeSize': device.size,
        'Ebs.VolumeType': launchType(device.type),
        'Ebs.DeleteOnTermination': String(device.deleteOnTermination),
        ...(device.snapshotId === '' ? {} : { 'Ebs.SnapshotId': device.snapshotId }),
        ...(device.encrypted ? { 'Ebs.Encrypted': 'true' } : {}),
        ...(device.encrypted && device.kmsKeyId !== '' ? { 'Ebs.KmsKeyId': device.kmsKeyId } : {}),
      })),
    );
    parameters.set('MinCount', parameters.get('MaxCount') ?? '1');
  },
  async after(context, answer) {
    const { world, asked } = context;
    const image = asked.get('ImageId') ?? '';
    const overlaid = { ...context, parameters: asked };
    const devices = new Map(effectiveDevices(overlaid).map((device) => [device.deviceName, device]));
    for (const instance of instancesIn(answer)) {
      const identity = textAt(instance, 'instanceId');
      const root = world.images.get(image)?.rootDeviceName;
      if (root !== undefined) world.rootDevices.set(identity, root);
      if (asked.isTrue('DisableApiTermination'))
        await context.send('ec2', 'ModifyInstanceAttribute', {
          InstanceId: identity,
          'DisableApiTermination.Value': 'true',
        });
      for (const mapping of listAt(instance, 'blockDeviceMapping')) {
        const device = devices.get(textAt(mapping, 'deviceName'));
        const volume = textAt(mapping, 'ebs', 'volumeId');
        if (device === undefined) continue;
        world.deleteOnTermination.set(volume, device.deleteOnTermination);
        await finishVolume(context, volume, device);
      }
    }
  },
};

async function finishVolume(context: QueryContext, volume: string, device: Device): Promise<void> {
  if (device.throughput !== '') context.world.throughput.set(volume, device.throughput);
  const changes = {
    ...(launchType(device.type) === device.type ? {} : { VolumeType: device.type }),
    ...(device.iops === '' || device.type === 'gp2' ? {} : { Iops: device.iops }),
  };
  if (Object.keys(changes).length === 0) return;
  await context.send('ec2', 'ModifyVolume', { VolumeId: volume, ...changes });
  context.world.settings.set(`${volume}/own-modifications`, '1');
}

/**
 * Instance settings that RunInstances takes and the emulator forgets: request parameter, and its place in the answer.
 */
export const REMEMBERED: readonly (readonly [parameter: string, set: string, field: string])[] = [
  ['CpuOptions.CoreCount', 'cpuOptions', 'coreCount'],
  ['CpuOptions.ThreadsPerCore', 'cpuOptions', 'threadsPerCore'],
  ['EnclaveOptions.Enabled', 'enclaveOptions', 'enabled'],
  ['HibernationOptions.Configured', 'hibernationOptions', 'configured'],
  ['MaintenanceOptions.AutoRecovery', 'maintenanceOptions', 'autoRecovery'],
  ['Placement.Tenancy', 'placement', 'tenancy'],
  ['Placement.GroupName', 'placement', 'groupName'],
  ['Placement.Affinity', 'placement', 'affinity'],
];

export const rememberSettings: QueryCorrection = {
  operations: ['RunInstances'],
  answers: 'credit specification, CPU options, placement, enclave, hibernation and maintenance options are kept',
  after(context, answer) {
    for (const instance of instancesIn(answer)) {
      const identity = textAt(instance, 'instanceId');
      for (const [parameter, set, field] of REMEMBERED) {
        const value = context.asked.get(parameter);
        if (value !== undefined) context.world.settings.set(`${identity}/${set}.${field}`, value);
      }
      const credits = context.asked.get('CreditSpecification.CpuCredits');
      if (credits !== undefined) context.world.settings.set(`${identity}/credits`, credits);
    }
  },
};
