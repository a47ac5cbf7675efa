import { EC2Client, RegisterImageCommand } from '@aws-sdk/client-ec2';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { testCredentials } from './emulator.ts';

/** Clients without the gate and without retries, for tests of the sandbox itself. */
export function clientsOf(endpoint: string) {
  const options = { endpoint, region: 'eu-west-1', credentials: testCredentials, maxAttempts: 1 };
  return {
    ec2: new EC2Client(options),
    rds: new RDSClient(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
  };
}

export const startTestSandbox = (options: Omit<SandboxOptions, 'environment'> = {}): Promise<Sandbox> =>
  startSandbox({ ...options, environment: process.env });

/** The code of the error that a request fails with, AWS's spelling; `none` where it succeeds. */
export async function refusalCode(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'none';
  } catch (error) {
    const { Code, name } = error as { Code?: string; name: string };
    return Code ?? name;
  }
}

/** Asks until the answer is what is wanted; answers every value on the way, each once in a row. */
export async function follow<Value>(ask: () => Promise<Value>, wanted: Value): Promise<readonly Value[]> {
  const seen: Value[] = [];
  for (let reads = 0; reads < 200; reads += 1) {
    const value = await ask();
    if (seen.at(-1) !== value) seen.push(value);
    if (value === wanted) return seen;
  }
  throw new Error(`never ${String(wanted)}, but ${seen.join(', ')}`);
}

let images = 0;

/** An image with a root of 8 GiB: RunInstances takes none that does not exist. */
export async function plainImage(ec2: EC2Client): Promise<string> {
  images += 1;
  const { ImageId = '' } = await ec2.send(
    new RegisterImageCommand({
      Name: `plain-${images}`,
      RootDeviceName: '/dev/sda1',
      BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { VolumeSize: 8 } }],
    }),
  );
  return ImageId;
}
