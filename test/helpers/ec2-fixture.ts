import { openSession, type OpenSession } from '../../providers/aws/session.ts';
import { startProxy, type Proxy } from '../../src/sandbox/proxy/server.ts';
import type { AwsSession, Call, Permit, ReadCall } from '../../src/model/call.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { LiveResource } from '../../src/model/live.ts';
import type { ResourceType } from '../../src/model/resource-type.ts';
import { region } from './ec2-context.ts';
import { startEmulator, testCredentials, type Emulator } from './emulator.ts';

/** An emulator behind the correcting proxy, with a small network to launch into. */
export interface Ec2Fixture {
  readonly aws: AwsSession;
  readonly proxy: Proxy;
  readonly subnet: string;
  readonly groups: readonly [string, string];
  /** Registered with a root of 8 GiB. */
  readonly image: string;
  /** Sends a request of the query protocol and answers the text of the named element, or the whole answer. */
  ask(service: 'ec2' | 'iam', operation: string, parameters: Readonly<Record<string, string>>, element?: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts everything; what was started is stopped again where the rest fails. */
export async function startEc2(): Promise<Ec2Fixture> {
  const emulator = await startEmulator();
  try {
    return await furnish(emulator);
  } catch (error) {
    await emulator.stop();
    throw error;
  }
}

async function furnish(emulator: Emulator): Promise<Ec2Fixture> {
  const proxy = await startProxy({ emulator: emulator.endpoint, pace: { reads: 1, milliseconds: 0 } });
  const session: OpenSession = openSession({ region, endpoint: proxy.endpoint, credentials: testCredentials, mode: 'apply' });
  const ask: Ec2Fixture['ask'] = async (service, operation, parameters, element) => {
    const answer = await fetch(service === 'ec2' ? proxy.endpoint : emulator.endpoint, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=test/20200101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=00`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ Action: operation, Version: service === 'ec2' ? '2016-11-15' : '2010-05-08', ...parameters }).toString(),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${operation}: ${text}`);
    return element === undefined ? text : new RegExp(`<${element}>([^<]*)</${element}>`, 'u').exec(text)?.[1] ?? '';
  };
  const vpc = await ask('ec2', 'CreateVpc', { CidrBlock: '10.20.0.0/16' }, 'vpcId');
  const subnet = await ask('ec2', 'CreateSubnet', { VpcId: vpc, CidrBlock: '10.20.1.0/24', AvailabilityZone: `${region}a` }, 'subnetId');
  const group = (name: string): Promise<string> => ask('ec2', 'CreateSecurityGroup', { GroupName: name, GroupDescription: name, VpcId: vpc }, 'groupId');
  const groups = [await group('web'), await group('admin')] as const;
  const image = await ask('ec2', 'RegisterImage', {
    Name: 'base', RootDeviceName: '/dev/xvda', 'BlockDeviceMapping.1.DeviceName': '/dev/xvda', 'BlockDeviceMapping.1.Ebs.VolumeSize': '8', 'BlockDeviceMapping.1.Ebs.VolumeType': 'gp3',
  }, 'imageId');
  return {
    aws: corrected(session, ask), proxy, subnet, groups, image, ask,
    async stop() { session.close(); await proxy.close(); await emulator.stop(); },
  };
}

/**
 * What neither the emulator nor the proxy does as AWS. DescribeVolumeAttribute and ModifyVolumeAttribute are missing, so
 * AutoEnableIO is remembered here. ModifyInstanceMetadataOptions forgets options that are not named. A replaced instance
 * profile is not shown by DescribeInstances. An elastic address stays with a terminated instance, and one that was
 * associated by interface does not name its instance.
 */
function corrected(session: OpenSession, ask: Ec2Fixture['ask']): AwsSession {
  const autoEnable = new Map<string, boolean>();
  const nothing = { output: {}, requestId: undefined, attempts: 1 };
  const instanceOf = async (filter: string, value: string): Promise<Described | undefined> => {
    const answer = await session.read({ service: 'ec2', operation: 'DescribeInstances', input: {} });
    const all = (answer as unknown as { Reservations: { Instances: Described[] }[] }).Reservations.flatMap(({ Instances }) => Instances);
    return all.find((item) => (filter === 'instance' ? item.InstanceId === value : item.NetworkInterfaces?.some(({ NetworkInterfaceId }) => NetworkInterfaceId === value)));
  };
  const associationsOf = async (field: 'InstanceId' | 'AssociationId', value: string): Promise<readonly JsonObject[]> => {
    const operation = field === 'InstanceId' ? 'DescribeAddresses' : 'DescribeIamInstanceProfileAssociations';
    const answer = await session.read({ service: 'ec2', operation, input: {} });
    const list = answer?.[field === 'InstanceId' ? 'Addresses' : 'IamInstanceProfileAssociations'] as readonly JsonObject[];
    return list.filter((item) => item[field] === value);
  };
  return {
    counts: session.counts,
    async read(call: ReadCall) {
      if (call.operation !== 'DescribeVolumeAttribute') return session.read(call);
      const id = String(call.input['VolumeId']);
      return { VolumeId: id, AutoEnableIO: { Value: autoEnable.get(id) ?? false } };
    },
    async mutate(call: Call, resolved: JsonObject, permit: Permit) {
      switch (call.operation) {
        case 'ModifyInstanceMetadataOptions': {
          const { State: _state, ...before } = (await instanceOf('instance', String(resolved['InstanceId'])))?.MetadataOptions ?? {};
          return session.mutate({ ...call, input: { ...before, ...call.input } }, { ...before, ...resolved }, permit);
        }
        case 'ModifyVolumeAttribute':
          autoEnable.set(String(resolved['VolumeId']), (resolved['AutoEnableIO'] as { Value: boolean }).Value);
          return nothing;
        case 'ReplaceIamInstanceProfileAssociation': {
          const [association] = await associationsOf('AssociationId', String(resolved['AssociationId']));
          await ask('ec2', 'DisassociateIamInstanceProfile', { AssociationId: String(resolved['AssociationId']) });
          await ask('ec2', 'AssociateIamInstanceProfile', {
            InstanceId: String(association?.['InstanceId']), 'IamInstanceProfile.Name': String((resolved['IamInstanceProfile'] as JsonObject)['Name']),
          });
          return nothing;
        }
        case 'TerminateInstances': {
          const answer = await session.mutate(call, resolved, permit);
          for (const address of await associationsOf('InstanceId', call.identity)) {
            await ask('ec2', 'DisassociateAddress', { AssociationId: String(address['AssociationId']) });
          }
          return answer;
        }
        case 'AssociateAddress': {
          const owner = await instanceOf('interface', String(resolved['NetworkInterfaceId']));
          await ask('ec2', 'AssociateAddress', { AllocationId: String(resolved['AllocationId']), InstanceId: String(owner?.InstanceId) });
          return nothing;
        }
        default: return session.mutate(call, resolved, permit);
      }
    },
  };
}

interface Described { readonly InstanceId: string; readonly MetadataOptions?: JsonObject; readonly NetworkInterfaces?: readonly { readonly NetworkInterfaceId: string }[] }

/** Reads one resource in full; undefined where a complete answer does not hold it. Throws on a failed read. */
export async function readOne(aws: AwsSession, type: ResourceType, identity: string): Promise<LiveResource | undefined> {
  const { resources, failures } = await type.read(aws, { identities: [identity], all: false, detailed: new Set([identity]) });
  if (failures.length > 0) throw new Error(JSON.stringify(failures));
  return resources[0];
}

