import { Refusal, type QueryCorrection } from '../protocol/correction.ts';
import { ec2Answer } from '../protocol/query.ts';
import { child, copyOf, element, listAt, textAt } from '../protocol/xml.ts';
import { instanceOf } from './answers.ts';

const METADATA: readonly (readonly [parameter: string, field: string])[] = [
  ['HttpTokens', 'httpTokens'],
  ['HttpPutResponseHopLimit', 'httpPutResponseHopLimit'],
  ['HttpEndpoint', 'httpEndpoint'],
  ['HttpProtocolIpv6', 'httpProtocolIpv6'],
  ['InstanceMetadataTags', 'instanceMetadataTags'],
];

/** Things that hang on an instance beside volumes and interfaces: metadata options, profile, elastic addresses. */
export const associations: readonly QueryCorrection[] = [
  {
    operations: ['ModifyInstanceMetadataOptions'],
    answers: 'options that are not named stay as they are',
    async before({ parameters, ...context }) {
      const instance = await instanceOf({ ...context, parameters }, parameters.get('InstanceId') ?? '');
      for (const [parameter, field] of METADATA) {
        const value = textAt(instance, 'metadataOptions', field);
        if (!parameters.has(parameter) && value !== '') parameters.set(parameter, value);
      }
    },
  },
  {
    operations: ['ReplaceIamInstanceProfileAssociation'],
    answers: "the new profile is the instance's, under a new association",
    async before(context) {
      const { parameters, send } = context;
      const identity = parameters.get('AssociationId') ?? '';
      const known = listAt(
        await send('ec2', 'DescribeIamInstanceProfileAssociations', {}),
        'iamInstanceProfileAssociationSet',
      ).find((item) => textAt(item, 'associationId') === identity);
      if (known === undefined)
        throw new Refusal('InvalidAssociationID.NotFound', `The association ID '${identity}' does not exist`);
      const profile = Object.entries(parameters.toRecord()).filter(([name]) => name.startsWith('IamInstanceProfile.'));
      await send('ec2', 'DisassociateIamInstanceProfile', { AssociationId: identity });
      const made = child(
        await send('ec2', 'AssociateIamInstanceProfile', {
          InstanceId: textAt(known, 'instanceId'),
          ...Object.fromEntries(profile),
        }),
        'iamInstanceProfileAssociation',
      );
      return ec2Answer(context.operation, made === undefined ? [] : [copyOf(made)]);
    },
  },
  {
    operations: ['AssociateAddress'],
    answers: "an address on the primary interface is the instance's",
    async before({ parameters, send }) {
      const identity = parameters.get('NetworkInterfaceId');
      if (identity === undefined) return;
      const [item] = listAt(
        await send('ec2', 'DescribeNetworkInterfaces', { 'NetworkInterfaceId.1': identity }),
        'networkInterfaceSet',
      );
      const instance = textAt(item, 'attachment', 'instanceId');
      if (instance === '' || textAt(item, 'attachment', 'deviceIndex') !== '0') return;
      parameters.delete('NetworkInterfaceId');
      parameters.set('InstanceId', instance);
    },
  },
  {
    operations: ['TerminateInstances'],
    answers: 'an elastic address leaves a terminated instance',
    async after({ asked, send }) {
      const gone = asked.list('InstanceId');
      for (const address of listAt(await send('ec2', 'DescribeAddresses', {}), 'addressesSet')) {
        if (gone.includes(textAt(address, 'instanceId')) && textAt(address, 'associationId') !== '')
          await send('ec2', 'DisassociateAddress', { AssociationId: textAt(address, 'associationId') });
      }
    },
  },
  {
    operations: ['ModifyVolumeAttribute'],
    answers: 'the emulator does not know it',
    before(context) {
      const value = context.parameters.get('AutoEnableIO.Value');
      if (value !== undefined) context.world.settings.set(`${context.parameters.get('VolumeId')}/autoEnableIO`, value);
      return ec2Answer(context.operation, [element('return', 'true')]);
    },
  },
  {
    operations: ['DescribeVolumeAttribute'],
    answers: 'the emulator does not know it',
    before(context) {
      const identity = context.parameters.get('VolumeId') ?? '';
      return ec2Answer(context.operation, [
        element('volumeId', identity),
        element('autoEnableIO', [element('value', context.world.settings.get(`${identity}/autoEnableIO`) ?? 'false')]),
        element('productCodes', []),
      ]);
    },
  },
];
