import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { keyId } from '../protocol/key-states.ts';
import { element, listAt, put, textAt, type Element } from '../protocol/xml.ts';
import { instancesIn, numbered, stateContent } from './answers.ts';

const found = async (
  { send }: QueryContext,
  operation: string,
  filter: string,
  value: string,
  set: string,
): Promise<readonly Element[]> =>
  listAt(await send('ec2', operation, { 'Filter.1.Name': filter, 'Filter.1.Value.1': value }), set);

/**
 * Image and key pair exist. API RunInstances, "Error codes for the Amazon EC2 API": InvalidAMIID.NotFound,
 * InvalidKeyPair.NotFound.
 */
async function refuseGone(context: QueryContext): Promise<void> {
  const { parameters, send } = context;
  const [image, key] = [parameters.get('ImageId'), parameters.get('KeyName')];
  if (image !== undefined && !image.startsWith('resolve:')) {
    const images = listAt(
      await send('ec2', 'DescribeImages', { 'Filter.1.Name': 'image-id', 'Filter.1.Value.1': image }),
      'imagesSet',
    );
    if (images.length === 0) throw new Refusal('InvalidAMIID.NotFound', `The image id '[${image}]' does not exist`);
  }
  if (key !== undefined && (await found(context, 'DescribeKeyPairs', 'key-name', key, 'keySet')).length === 0)
    throw new Refusal('InvalidKeyPair.NotFound', `The key pair '${key}' does not exist`);
}

/** Addresses of the first interface beside the primary one, which `launch` looks at: nobody in the subnet has them. */
async function refuseTaken(context: QueryContext): Promise<void> {
  const first = context.parameters.structures('NetworkInterface')[0];
  const subnet = first?.get('SubnetId');
  if (first === undefined || subnet === undefined) return;
  const wanted = [
    ...first.structures('PrivateIpAddresses').map((item) => item.get('PrivateIpAddress')),
    ...first.structures('Ipv6Addresses').map((item) => item.get('Ipv6Address')),
  ].filter((item) => item !== undefined);
  if (wanted.length === 0) return;
  const interfaces = await found(context, 'DescribeNetworkInterfaces', 'subnet-id', subnet, 'networkInterfaceSet');
  const used = new Set(
    interfaces.flatMap((item) => [
      textAt(item, 'privateIpAddress'),
      ...listAt(item, 'privateIpAddressesSet').map((one) => textAt(one, 'privateIpAddress')),
      ...listAt(item, 'ipv6AddressesSet').map((one) => textAt(one, 'ipv6Address')),
    ]),
  );
  const taken = wanted.find((item) => used.has(item));
  if (taken !== undefined) throw new Refusal('InvalidIPAddress.InUse', `Address ${taken} is in use.`);
}

const broken = (volume: string): string => `${volume}/broken`;

/**
 * Refuses a request that names something that AWS does not have any more, or that somebody else has by now. Keys of
 * volumes AWS checks only after it has answered.
 */
export const goneRefusals: readonly QueryCorrection[] = [
  {
    operations: ['RunInstances'],
    answers: 'an image or key pair that does not exist, further addresses that are taken',
    async before(context) {
      await refuseGone(context);
      await refuseTaken(context);
    },
  },
  {
    operations: ['RunInstances'],
    answers:
      'an instance whose volumes have a key that cannot be used ends by itself (Client.InternalError: "Client error on launch")',
    async after(context, answer) {
      const { world, send } = context;
      if (world.keys.size === 0) return;
      for (const instance of instancesIn(answer)) {
        const volumes = listAt(instance, 'blockDeviceMapping')
          .map((mapping) => textAt(mapping, 'ebs', 'volumeId'))
          .filter((id) => id !== '');
        const keys =
          volumes.length === 0
            ? []
            : listAt(await send('ec2', 'DescribeVolumes', numbered('VolumeId', volumes)), 'volumeSet').map((volume) =>
                textAt(volume, 'kmsKeyId'),
              );
        if (!keys.some((key) => world.keys.has(keyId(key)))) continue;
        const identity = textAt(instance, 'instanceId');
        await send('ec2', 'TerminateInstances', { 'InstanceId.1': identity });
        world.settings.set(`${identity}/terminated`, 'true');
        world.settings.set(`${identity}/failed`, 'true');
      }
    },
  },
  {
    operations: ['DescribeInstances'],
    answers: 'why an instance ended by itself',
    after({ world }, answer) {
      for (const instance of instancesIn(answer)) {
        if (world.settings.get(`${textAt(instance, 'instanceId')}/failed`) !== 'true') continue;
        if (world.transitions.peek(textAt(instance, 'instanceId')) === undefined)
          put(instance, 'instanceState', stateContent('terminated'));
        put(instance, 'stateReason', [
          element('code', 'Client.InternalError'),
          element('message', 'Client.InternalError: Client error on launch'),
        ]);
      }
    },
  },
  {
    operations: ['CreateVolume'],
    answers:
      'a volume whose key cannot be used comes to nothing ("the action can appear to complete, but eventually fails")',
    after({ world }, answer) {
      if (world.keys.has(keyId(textAt(answer, 'kmsKeyId'))))
        world.settings.set(broken(textAt(answer, 'volumeId')), 'true');
    },
  },
  {
    operations: ['DescribeVolumes'],
    answers: 'such a volume is in error',
    after({ world }, answer) {
      for (const volume of listAt(answer, 'volumeSet')) {
        const identity = textAt(volume, 'volumeId');
        if (world.settings.get(broken(identity)) === 'true' && world.transitions.peek(identity) === undefined)
          put(volume, 'status', 'error');
      }
    },
  },
  {
    operations: ['AssociateAddress'],
    answers: 'an address that something else has stays with that unless asked otherwise',
    async before({ parameters, send }) {
      const allocation = parameters.get('AllocationId');
      if (allocation === undefined || parameters.isTrue('AllowReassociation')) return;
      const [address] = listAt(
        await send('ec2', 'DescribeAddresses', { 'AllocationId.1': allocation }),
        'addressesSet',
      );
      if (textAt(address, 'associationId') !== '')
        throw new Refusal(
          'Resource.AlreadyAssociated',
          `resource ${allocation} is already associated with associate-id ${textAt(address, 'associationId')}`,
        );
    },
  },
];
