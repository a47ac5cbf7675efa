import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AssociateIamInstanceProfileCommand,
  DescribeAddressesCommand,
  DescribeIamInstanceProfileAssociationsCommand,
  DescribeInstancesCommand,
  DescribeVolumeAttributeCommand,
  ModifyInstanceMetadataOptionsCommand,
  ModifyVolumeAttributeCommand,
  ReplaceIamInstanceProfileAssociationCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { clientsOf, plainImage, refusalCode, startTestSandbox } from '../helpers/sandbox.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('the proxy makes what hangs on an instance behave as on AWS', () => {
  let sandbox: Sandbox;
  let ec2: EC2Client;
  let id = '';
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 0, milliseconds: 0 } });
    ({ ec2 } = clientsOf(sandbox.endpoint));
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({ ImageId: await plainImage(ec2), MinCount: 1, MaxCount: 1, InstanceType: 't3.micro' }),
    );
    id = Instances[0]?.InstanceId ?? '';
  }, 90_000);
  afterAll(async () => {
    await sandbox.stop();
  });
  const read = async () =>
    (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations?.[0]?.Instances?.[0];

  it('keeps metadata options that are not named', async () => {
    await ec2.send(
      new ModifyInstanceMetadataOptionsCommand({ InstanceId: id, HttpTokens: 'required', HttpPutResponseHopLimit: 3 }),
    );
    await ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId: id, InstanceMetadataTags: 'enabled' }));
    expect((await read())?.MetadataOptions).toMatchObject({
      HttpTokens: 'required',
      HttpPutResponseHopLimit: 3,
      InstanceMetadataTags: 'enabled',
      HttpEndpoint: 'enabled',
    });
  });

  it('shows a replaced instance profile', async () => {
    for (const InstanceProfileName of ['web', 'worker']) {
      await fetch(sandbox.endpoint, {
        method: 'POST',
        body: new URLSearchParams({ Action: 'CreateInstanceProfile', Version: '2010-05-08', InstanceProfileName }),
        headers: {
          authorization:
            'AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00',
          'content-type': 'application/x-www-form-urlencoded',
        },
      });
    }
    await ec2.send(new AssociateIamInstanceProfileCommand({ InstanceId: id, IamInstanceProfile: { Name: 'web' } }));
    const association = async () =>
      (await ec2.send(new DescribeIamInstanceProfileAssociationsCommand({}))).IamInstanceProfileAssociations?.[0]
        ?.AssociationId;
    const before = await association();
    await ec2.send(
      new ReplaceIamInstanceProfileAssociationCommand({
        AssociationId: before,
        IamInstanceProfile: { Name: 'worker' },
      }),
    );
    expect((await read())?.IamInstanceProfile?.Arn).toMatch(/\/worker$/u);
    expect(await association()).not.toBe(before);
    expect(
      await refusalCode(
        ec2.send(
          new ReplaceIamInstanceProfileAssociationCommand({
            AssociationId: before,
            IamInstanceProfile: { Name: 'web' },
          }),
        ),
      ),
    ).toBe('InvalidAssociationID.NotFound');
  });

  it("remembers a volume's attribute", async () => {
    const VolumeId = (await read())?.BlockDeviceMappings?.[0]?.Ebs?.VolumeId;
    const value = async () =>
      (await ec2.send(new DescribeVolumeAttributeCommand({ VolumeId, Attribute: 'autoEnableIO' }))).AutoEnableIO?.Value;
    expect(await value()).toBe(false);
    await ec2.send(new ModifyVolumeAttributeCommand({ VolumeId, AutoEnableIO: { Value: true } }));
    expect(await value()).toBe(true);
  });

  it('gives an address to the instance by its interface, and undoes it at the end', async () => {
    const { AllocationId, PublicIp } = await ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }));
    await ec2.send(
      new AssociateAddressCommand({
        AllocationId,
        NetworkInterfaceId: (await read())?.NetworkInterfaces?.[0]?.NetworkInterfaceId,
      }),
    );
    const address = async () => (await ec2.send(new DescribeAddressesCommand({}))).Addresses?.[0];
    expect(await address()).toMatchObject({ InstanceId: id });
    expect((await read())?.PublicIpAddress).toBe(PublicIp);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    expect((await address())?.AssociationId ?? '').toBe('');
  });
});
