import { instance } from '../../providers/ec2/instance/instance.ts';
import type { AwsReader, Effect, Program, ReadCall } from '../../src/domain/call.ts';
import { AwsError } from '../../src/base/error.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';

export const instanceId = 'i-0aaaaaaaaaaaaaaa1';
export const script = '#!/bin/sh\nsecret-canary\n';

/** What AWS answers about a running instance with two volumes, a public address that is not elastic and user data. */
export const described = {
  DescribeInstances: {
    Reservations: [
      {
        Instances: [
          {
            InstanceId: instanceId,
            ImageId: 'ami-1',
            InstanceType: 'm7g.large',
            State: { Code: 16, Name: 'running' },
            SubnetId: 'subnet-1',
            VpcId: 'vpc-1',
            KeyName: 'ops',
            PrivateIpAddress: '10.0.0.5',
            PublicIpAddress: '203.0.113.9',
            PrivateDnsName: 'ip-10-0-0-5.internal',
            PublicDnsName: 'ec2-203-0-113-9',
            EbsOptimized: true,
            RootDeviceName: '/dev/xvda',
            RootDeviceType: 'ebs',
            LaunchTime: '2026-11-01T00:00:00.000Z',
            Monitoring: { State: 'disabled' },
            SourceDestCheck: true,
            Placement: { AvailabilityZone: 'eu-west-1a', Tenancy: 'default', GroupName: '' },
            CpuOptions: { CoreCount: 2, ThreadsPerCore: 1 },
            IamInstanceProfile: { Arn: 'arn:aws:iam::123456789012:instance-profile/app/web', Id: 'AIPA' },
            MetadataOptions: {
              State: 'applied',
              HttpTokens: 'required',
              HttpPutResponseHopLimit: 1,
              HttpEndpoint: 'enabled',
              HttpProtocolIpv6: 'disabled',
              InstanceMetadataTags: 'disabled',
            },
            HibernationOptions: { Configured: false },
            EnclaveOptions: { Enabled: false },
            SecurityGroups: [{ GroupId: 'sg-1' }],
            Tags: [
              { Key: 'Name', Value: 'web' },
              { Key: 'aiplan:plan', Value: 'shop' },
              { Key: 'aiplan:op', Value: 'op-old' },
            ],
            BlockDeviceMappings: [
              { DeviceName: '/dev/xvda', Ebs: { VolumeId: 'vol-root', DeleteOnTermination: true, Status: 'attached' } },
              { DeviceName: '/dev/sdf', Ebs: { VolumeId: 'vol-data', DeleteOnTermination: false, Status: 'attached' } },
            ],
            NetworkInterfaces: [
              {
                NetworkInterfaceId: 'eni-1',
                SubnetId: 'subnet-1',
                PrivateIpAddress: '10.0.0.5',
                Description: '',
                SourceDestCheck: true,
                Groups: [{ GroupId: 'sg-1' }],
                PrivateIpAddresses: [
                  { Primary: true, PrivateIpAddress: '10.0.0.5' },
                  { Primary: false, PrivateIpAddress: '10.0.0.6' },
                ],
                Association: { PublicIp: '203.0.113.9', IpOwnerId: 'amazon' },
                Attachment: {
                  AttachmentId: 'eni-attach-1',
                  DeviceIndex: 0,
                  DeleteOnTermination: true,
                  AttachTime: '2025-01-01T00:00:00.000Z',
                },
              },
              {
                NetworkInterfaceId: 'eni-2',
                SubnetId: 'subnet-1',
                PrivateIpAddress: '10.0.0.7',
                Groups: [{ GroupId: 'sg-1' }],
                Attachment: { AttachmentId: 'eni-attach-2', DeviceIndex: 1, DeleteOnTermination: true },
              },
            ],
          },
        ],
      },
    ],
  },
  DescribeVolumes: {
    Volumes: [
      {
        VolumeId: 'vol-root',
        Size: 8,
        VolumeType: 'gp3',
        Iops: 3000,
        Throughput: 125,
        Encrypted: true,
        KmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/1',
        SnapshotId: 'snap-ami',
        State: 'in-use',
        Attachments: [{ InstanceId: instanceId }],
        Tags: [{ Key: 'Name', Value: 'web root' }],
      },
      {
        VolumeId: 'vol-data',
        Size: 100,
        VolumeType: 'gp2',
        Iops: 300,
        Encrypted: true,
        KmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/1',
        State: 'in-use',
        Attachments: [{ InstanceId: instanceId }],
      },
    ],
  },
  DescribeSnapshots: {
    Snapshots: [
      { SnapshotId: 'snap-1', VolumeId: 'vol-data', State: 'completed', StartTime: '2026-11-20T00:00:00.000Z' },
    ],
  },
  DescribeAddresses: { Addresses: [] },
  DescribeInstanceTypes: {
    InstanceTypes: [
      {
        InstanceType: 'm7g.large',
        InstanceStorageSupported: false,
        VCpuInfo: { DefaultCores: 2, DefaultThreadsPerCore: 1 },
      },
    ],
  },
  userData: { UserData: { Value: Buffer.from(script).toString('base64') } },
  disableApiTermination: { DisableApiTermination: { Value: false } },
  disableApiStop: { DisableApiStop: { Value: false } },
  instanceInitiatedShutdownBehavior: { InstanceInitiatedShutdownBehavior: { Value: 'stop' } },
} satisfies Readonly<Record<string, JsonObject>>;

export const denied = (operation: string): AwsError =>
  new AwsError({ code: 'UnauthorizedOperation', kind: 'denied', operation, message: 'not allowed', executed: 'no' });

/** Answers reads by operation (attribute reads by attribute); an AwsError in place of an answer is thrown. */
export function reader(
  answers: Readonly<Record<string, JsonObject | AwsError>> = described,
): AwsReader & { readonly calls: ReadCall[] } {
  const calls: ReadCall[] = [];
  return {
    counts: {},
    calls,
    read: async (call) => {
      calls.push(call);
      const answer =
        answers[call.operation === 'DescribeInstanceAttribute' ? String(call.input['Attribute']) : call.operation];
      if (answer instanceof AwsError) throw answer;
      return answer ?? {};
    },
  };
}

/** The instance of `described`, with fields of its DescribeInstances element and other answers replaced. */
export async function sampleInstance(
  fields: JsonObject = {},
  answers: Readonly<Record<string, JsonObject | AwsError>> = {},
): Promise<LiveResource> {
  const raw: JsonObject = described.DescribeInstances.Reservations[0]?.Instances[0] ?? {};
  const all = {
    ...described,
    DescribeInstances: { Reservations: [{ Instances: [{ ...raw, ...fields }] }] },
    ...answers,
  };
  const { resources } = await instance.read(reader(all), {
    identities: [instanceId],
    all: false,
    detailed: new Set([instanceId]),
  });
  const live = resources[0];
  if (live === undefined) throw new Error('the sample was not read');
  return live;
}

/**
 * Drives a program with canned answers: `respond` answers calls and reads by effect (an Error is thrown into the
 * program); what it leaves undefined is answered by the effect's preview. Returns the calls sent and how it ended.
 */
export function play<Result>(
  program: Program<Result>,
  respond: (effect: Effect) => JsonObject | null | Error | undefined,
): { readonly calls: readonly JsonObject[]; readonly result?: Result; readonly error?: unknown } {
  const calls: JsonObject[] = [];
  try {
    let step = program.next();
    while (step.done !== true) {
      const effect = step.value;
      if (effect.kind === 'call') calls.push({ operation: effect.call.operation, input: effect.call.input });
      const answer = respond(effect);
      step = answer instanceof Error ? program.throw(answer) : program.next(answer ?? previewed(effect));
    }
    return { calls, result: step.value };
  } catch (error) {
    return { calls, error };
  }
}

function previewed(effect: Effect): unknown {
  switch (effect.kind) {
    case 'read':
      return effect.preview;
    case 'call':
      return effect.call.preview ?? {};
    case 'batch':
      return effect.calls.map((call) => call.preview ?? {});
    case 'wait':
      return effect.wait.preview ?? {};
    case 'keep-secret':
      return { $secret: { captured: effect.name } };
    case 'progress':
      return undefined;
    default:
      return effect satisfies never;
  }
}
