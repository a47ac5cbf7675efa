import {
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVolumesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { GetBucketTaggingCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';

/** The clients of a script that somebody would write by hand. */
export function bareClients(options) {
  const clients = {
    ec2: new EC2Client(options),
    rds: new RDSClient(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
  };
  return {
    ...clients,
    close() {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
}

/** Lists everything, page by page, all services at once. Answers how much was found and the calls by operation. */
export async function bareRead({ ec2, rds, s3 }) {
  const counts = {};
  const pages = async (client, Command, input, name, elements, tokenIn, tokenOut) => {
    let found = 0;
    let token;
    do {
      counts[name] = (counts[name] ?? 0) + 1;
      const answer = await client.send(new Command({ ...input, ...(token === undefined ? {} : { [tokenIn]: token }) }));
      found += elements(answer).length;
      token = answer[tokenOut];
    } while (token !== undefined && token !== '');
    return found;
  };
  const found = await Promise.all([
    pages(
      ec2,
      DescribeSecurityGroupsCommand,
      { MaxResults: 1000 },
      'ec2:DescribeSecurityGroups',
      ({ SecurityGroups = [] }) => SecurityGroups,
      'NextToken',
      'NextToken',
    ),
    pages(
      ec2,
      DescribeInstancesCommand,
      { MaxResults: 1000 },
      'ec2:DescribeInstances',
      ({ Reservations = [] }) => Reservations.flatMap(({ Instances = [] }) => Instances),
      'NextToken',
      'NextToken',
    ),
    pages(
      ec2,
      DescribeVolumesCommand,
      { MaxResults: 500 },
      'ec2:DescribeVolumes',
      ({ Volumes = [] }) => Volumes,
      'NextToken',
      'NextToken',
    ),
    pages(
      rds,
      DescribeDBInstancesCommand,
      { MaxRecords: 100 },
      'rds:DescribeDBInstances',
      ({ DBInstances = [] }) => DBInstances,
      'Marker',
      'Marker',
    ),
    pages(
      s3,
      ListBucketsCommand,
      { MaxBuckets: 10_000 },
      's3:ListBuckets',
      ({ Buckets = [] }) => Buckets,
      'ContinuationToken',
      'ContinuationToken',
    ),
  ]);
  return { found: found.reduce((total, count) => total + count, 0), counts };
}

/**
 * Lists everything, and asks each of the buckets for its tags, sixteen at a time: what a plan needs that names the tags
 * of all of them.
 */
export async function bareReadNamed(clients, buckets) {
  const lists = bareRead(clients);
  const waiting = [...buckets];
  const lane = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      await clients.s3.send(new GetBucketTaggingCommand({ Bucket: name })).catch((error) => {
        if (error.name !== 'NoSuchTagSet') throw error;
      });
    }
  };
  const [{ found, counts }] = await Promise.all([lists, ...Array.from({ length: 16 }, lane)]);
  return { found, counts: { ...counts, 's3:GetBucketTagging': buckets.length } };
}
