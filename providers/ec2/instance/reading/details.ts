import type { AwsReader } from '../../../../src/domain/call.ts';
import { mask, maskSalt } from '../../../../src/base/digest.ts';
import type { Json, JsonObject } from '../../../../src/base/json.ts';
import type { ReadFailure } from '../../../../src/domain/live.ts';
import { compact, listOf, numberOf, objectOf, textOf } from '../../../aws/values/fields.ts';
import { evidenceOf } from './evidence.ts';
import { instanceType } from './facts.ts';
import type { InstanceDetails } from './shape.ts';
import { attempt, type Attempt, bounded, failureOf, pieces } from '../../../aws/values/batches.ts';
import { allPages, byFilter } from '../../paging.ts';

/** Attributes that DescribeInstances does not tell; one call each (DescribeInstanceAttribute). */
const attributeNames = [
  'userData',
  'disableApiTermination',
  'disableApiStop',
  'instanceInitiatedShutdownBehavior',
] as const;
export type AttributeName = (typeof attributeNames)[number];

/** Families with CPU credits (EC2 user guide, "Burstable performance instances"); only these may be asked for. */
export const isBurstable = (type: string | undefined): boolean => /^t\d/u.test(type ?? '');

const idOf = (raw: JsonObject): string => textOf(raw['InstanceId']) ?? '';

export interface DetailsRead {
  readonly of: ReadonlyMap<string, InstanceDetails>;
  readonly failures: readonly ReadFailure[];
}

/**
 * Everything about instances that DescribeInstances does not tell, read for all of them at once, batched where AWS can.
 */
export async function readDetails(aws: AwsReader, instances: readonly JsonObject[]): Promise<DetailsRead> {
  if (instances.length === 0) return { of: new Map(), failures: [] };
  const ids = instances.map(idOf);
  const types = [...new Set(instances.map((raw) => textOf(raw['InstanceType']) ?? ''))];
  const burstable = instances.filter((raw) => isBurstable(textOf(raw['InstanceType']))).map(idOf);
  const volumesRead = attempt(
    byFilter(aws, 'DescribeVolumes', 'Volumes', 'attachment.instance-id', ids, { MaxResults: 1000 }),
  );
  const [volumes, snapshots, addresses, typeFacts, credits, attributes] = await Promise.all([
    volumesRead,
    volumesRead.then((read) => (read.ok ? attempt(snapshotsOf(aws, read.value)) : read)),
    attempt(byFilter(aws, 'DescribeAddresses', 'Addresses', 'instance-id', ids)),
    attempt(byFilter(aws, 'DescribeInstanceTypes', 'InstanceTypes', 'instance-type', types)),
    attempt(creditsOf(aws, burstable)),
    readAttributes(aws, ids),
  ]);
  const failures: ReadFailure[] = [];
  const of = new Map(
    instances.map((raw) => {
      const identity = idOf(raw);
      const attached = volumes.ok
        ? volumes.value.filter((volume) =>
            listOf(volume['Attachments']).some((item) => item['InstanceId'] === identity),
          )
        : undefined;
      const credit = credits.ok ? credits.value.get(identity) : undefined;
      for (const read of [
        volumes,
        ...(burstable.includes(identity) ? [credits] : []),
        ...attributeNames.map((name) => attributes.get(`${identity} ${name}`)),
      ]) {
        if (read !== undefined && !read.ok) failures.push(failureOf(instanceType, identity, read.error));
      }
      const facts = typeFacts.ok
        ? typeFacts.value.find((item) => item['InstanceType'] === raw['InstanceType'])
        : undefined;
      const own = addresses.ok ? addresses.value.filter((address) => address['InstanceId'] === identity) : undefined;
      const stopProtection = valueOf(attributes.get(`${identity} disableApiStop`));
      const terminationProtection = valueOf(attributes.get(`${identity} disableApiTermination`));
      return [
        identity,
        {
          volumes:
            attached === undefined
              ? undefined
              : new Map(attached.map((volume) => [textOf(volume['VolumeId']) ?? '', volume])),
          addresses: own,
          properties: compact({
            CreditSpecification: credit === undefined ? undefined : { CPUCredits: credit },
            DisableApiTermination: terminationProtection,
            InstanceInitiatedShutdownBehavior: valueOf(attributes.get(`${identity} instanceInitiatedShutdownBehavior`)),
            UserData: userDataOf(identity, attributes.get(`${identity} userData`)),
          }),
          attributes: compact({
            CpuOptionsDefault: cpuIsDefault(raw, facts),
            StopProtection: stopProtection,
            Addresses: own?.map((address) =>
              compact({
                AllocationId: address['AllocationId'],
                PublicIp: address['PublicIp'],
                NetworkInterfaceId: address['NetworkInterfaceId'],
                PrivateIpAddress: address['PrivateIpAddress'],
              }),
            ),
          }),
          ...evidenceOf(raw, {
            volumes: attached,
            addresses: own,
            snapshots: snapshots.ok ? snapshots.value : undefined,
            facts,
            terminationProtection,
            stopProtection,
          }),
        } satisfies InstanceDetails,
      ] as const;
    }),
  );
  return { of, failures };
}

/** Snapshots of the given volumes that this account owns. */
async function snapshotsOf(aws: AwsReader, volumes: readonly JsonObject[]): Promise<readonly JsonObject[]> {
  return byFilter(
    aws,
    'DescribeSnapshots',
    'Snapshots',
    'volume-id',
    volumes.map((volume) => textOf(volume['VolumeId']) ?? ''),
    { OwnerIds: ['self'], MaxResults: 1000 },
  );
}

/**
 * By ids, because without ids only instances with the unlimited option are told (DescribeInstanceCreditSpecifications).
 */
export async function creditsOf(aws: AwsReader, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const answers = await bounded(pieces(ids), (some) =>
    allPages(aws, 'DescribeInstanceCreditSpecifications', { InstanceIds: [...some] }, 'InstanceCreditSpecifications'),
  );
  return new Map(answers.flat().map((item) => [idOf(item), textOf(item['CpuCredits']) ?? 'unknown']));
}

export type AttributeReads = ReadonlyMap<string, Attempt<JsonObject>>;

/** Attributes of instances, one call each: all of them, or those that `names` tells for an id. */
export async function readAttributes(
  aws: AwsReader,
  ids: readonly string[],
  names: (id: string) => readonly AttributeName[] = () => attributeNames,
): Promise<AttributeReads> {
  const wanted = ids.flatMap((id) => names(id).map((name) => ({ id, name })));
  const read = async ({
    id,
    name,
  }: {
    readonly id: string;
    readonly name: AttributeName;
  }): Promise<readonly [string, Attempt<JsonObject>]> => {
    const answer = await attempt(
      aws.read({ service: 'ec2', operation: 'DescribeInstanceAttribute', input: { InstanceId: id, Attribute: name } }),
    );
    return [
      `${id} ${name}`,
      answer.ok ? { ok: true, value: objectOf(answer.value?.[name.charAt(0).toUpperCase() + name.slice(1)]) } : answer,
    ];
  };
  return new Map(await bounded(wanted, read));
}

export const valueOf = (read: Attempt<JsonObject> | undefined): Json | undefined =>
  read?.ok === true ? read.value['Value'] : undefined;

/**
 * User data as it may stand in a plan. Data that is no text (a gzip archive, say) is masked by its base64 form, since
 * different bytes could decode to the same text.
 */
export function userDataOf(identity: string, read: Attempt<JsonObject> | undefined): Json | undefined {
  if (read?.ok !== true) return { $masked: 'unknown' };
  const encoded = textOf(read.value['Value']);
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const text = bytes.toString('utf8');
  return mask(
    maskSalt(instanceType, identity, 'UserData'),
    Buffer.from(text, 'utf8').equals(bytes) ? text : `base64 ${encoded}`,
  );
}

/**
 * Whether the CPU options are the type's own; undefined where the type's facts are unknown
 * (DescribeInstanceTypes.VCpuInfo).
 */
function cpuIsDefault(raw: JsonObject, facts: JsonObject | undefined): boolean | undefined {
  const own = objectOf(raw['CpuOptions']);
  const usual = objectOf(facts?.['VCpuInfo']);
  const cores = numberOf(usual['DefaultCores']);
  if (cores === undefined || numberOf(own['CoreCount']) === undefined) return undefined;
  return own['CoreCount'] === cores && own['ThreadsPerCore'] === numberOf(usual['DefaultThreadsPerCore']);
}
