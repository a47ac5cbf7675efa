import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { ec2Answer } from '../protocol/query.ts';
import { element, listAt, textAt } from '../protocol/xml.ts';
import { instanceOf, numbered, stateOf } from './answers.ts';

/** Documentation of ModifyInstanceAttribute: these need a stopped instance. */
const STOPPED_ONLY = ['InstanceType', 'UserData', 'Kernel', 'Ramdisk', 'EbsOptimized', 'EnaSupport', 'SriovNetSupport'];
/** Attributes that the emulator takes as `Name.Value`. */
const TAKEN = [
  'InstanceType',
  'Kernel',
  'UserData',
  'DisableApiTermination',
  'SourceDestCheck',
  'EbsOptimized',
  'DisableApiStop',
];

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);

export const modifyAttribute: QueryCorrection = {
  operations: ['ModifyInstanceAttribute'],
  answers:
    "instance type, user data and the like need a stopped instance; user data is decoded once; shutdown behaviour does not clear the security groups; groups are the primary interface's",
  async before(context) {
    const { parameters, world } = context;
    const identity = parameters.get('InstanceId') ?? '';
    const attribute = parameters.get('Attribute');
    const stoppedOnly = STOPPED_ONLY.find((name) => parameters.hasPrefix(`${name}.`) || attribute === lowerFirst(name));
    if (stoppedOnly !== undefined && stateOf(context, await instanceOf(context, identity)) !== 'stopped') {
      throw new Refusal('IncorrectInstanceState', `The instance '${identity}' is not in the 'stopped' state.`);
    }
    const data = parameters.get('UserData.Value');
    if (data !== undefined && data !== '')
      parameters.set('UserData.Value', Buffer.from(data, 'utf8').toString('base64'));
    const behaviour = parameters.get('InstanceInitiatedShutdownBehavior.Value');
    if (behaviour !== undefined) {
      parameters.delete('InstanceInitiatedShutdownBehavior.Value');
      parameters.set('Attribute', 'instanceInitiatedShutdownBehavior');
      parameters.set('Value', behaviour);
      return undefined;
    }
    for (const name of ['EnaSupport', 'SriovNetSupport']) {
      const value = parameters.get(`${name}.Value`);
      if (value === undefined) continue;
      world.settings.set(`${identity}/${lowerFirst(name)}`, value);
      return ec2Answer(context.operation, [element('return', 'true')]);
    }
    const known =
      attribute !== undefined ||
      TAKEN.some((name) => parameters.has(`${name}.Value`)) ||
      parameters.hasPrefix('BlockDeviceMapping.') ||
      parameters.hasPrefix('GroupId.');
    if (!known)
      throw new Refusal('UnsupportedOperation', 'The sandbox does not know this attribute of ModifyInstanceAttribute');
    return undefined;
  },
  async after(context) {
    const identity = context.asked.get('InstanceId') ?? '';
    const groups = context.asked.list('GroupId');
    if (groups.length > 0) await setInterfaceGroups(context, identity, groups);
    const mappings = context.asked.structures('BlockDeviceMapping');
    if (mappings.length === 0) return;
    const devices = listAt(await instanceOf(context, identity), 'blockDeviceMapping');
    for (const mapping of mappings) {
      const device = devices.find((item) => textAt(item, 'deviceName') === mapping.get('DeviceName'));
      if (device !== undefined && mapping.has('Ebs.DeleteOnTermination')) {
        context.world.deleteOnTermination.set(
          textAt(device, 'ebs', 'volumeId'),
          mapping.isTrue('Ebs.DeleteOnTermination'),
        );
      }
    }
  },
};

async function setInterfaceGroups(context: QueryContext, instance: string, groups: readonly string[]): Promise<void> {
  const interfaces = listAt(await instanceOf(context, instance), 'networkInterfaceSet');
  const primary = interfaces.find((item) => textAt(item, 'attachment', 'deviceIndex') === '0');
  if (primary === undefined) return;
  await context.send('ec2', 'ModifyNetworkInterfaceAttribute', {
    NetworkInterfaceId: textAt(primary, 'networkInterfaceId'),
    ...numbered('SecurityGroupId', groups),
  });
}
