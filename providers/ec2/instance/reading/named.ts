import type { AwsReader } from '../../../../src/domain/call.ts';
import { compact, listOf, textOf } from '../../../aws/values/fields.ts';
import type { JsonObject } from '../../../../src/base/json.ts';
import type { ReadFailure } from '../../../../src/domain/live.ts';
import { attempt, type Attempt, failureOf } from '../../../aws/values/batches.ts';
import {
  creditsOf,
  isBurstable,
  readAttributes,
  userDataOf,
  valueOf,
  type AttributeName,
  type DetailsRead,
} from './details.ts';
import { instanceType } from './facts.ts';
import { byFilter } from '../../paging.ts';

/** Properties that DescribeInstances does not tell, by the attribute that does (DescribeInstanceAttribute). */
const attributeOf: Readonly<Record<string, AttributeName>> = {
  UserData: 'userData',
  DisableApiTermination: 'disableApiTermination',
  InstanceInitiatedShutdownBehavior: 'instanceInitiatedShutdownBehavior',
};
const ofVolumes = ['BlockDeviceMappings', 'Volumes'] as const;

/**
 * Of instances that are not read whole: the properties in `names` that DescribeInstances does not tell, and no
 * evidence. An instance of which nothing such is named takes no call; what AWS gives by a list is read by one.
 */
export async function readNamed(
  aws: AwsReader,
  instances: readonly JsonObject[],
  names: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<DetailsRead> {
  const namedBy = (raw: JsonObject): ReadonlySet<string> => names.get(textOf(raw['InstanceId']) ?? '') ?? new Set();
  const naming = (...some: readonly string[]): readonly string[] =>
    instances
      .filter((raw) => some.some((name) => namedBy(raw).has(name)))
      .map((raw) => textOf(raw['InstanceId']) ?? '');
  const [withVolumes, withAddresses, withAttributes] = [
    naming(...ofVolumes),
    naming('NetworkInterfaces'),
    naming(...Object.keys(attributeOf)),
  ];
  const withCredits = naming('CreditSpecification').filter((id) =>
    isBurstable(textOf(instances.find((raw) => raw['InstanceId'] === id)?.['InstanceType'])),
  );
  if (withVolumes.length + withAddresses.length + withAttributes.length + withCredits.length === 0)
    return { of: new Map(), failures: [] };
  const [volumes, addresses, credits, attributes] = await Promise.all([
    attempt(byFilter(aws, 'DescribeVolumes', 'Volumes', 'attachment.instance-id', withVolumes, { MaxResults: 1000 })),
    attempt(byFilter(aws, 'DescribeAddresses', 'Addresses', 'instance-id', withAddresses)),
    attempt(creditsOf(aws, withCredits)),
    readAttributes(aws, withAttributes, (id) => [...(names.get(id) ?? [])].flatMap((name) => attributeOf[name] ?? [])),
  ]);
  const failures: ReadFailure[] = [];
  const note = (identity: string, read: Attempt<unknown> | undefined): void => {
    if (read !== undefined && !read.ok) failures.push(failureOf(instanceType, identity, read.error));
  };
  const of = new Map(
    [...new Set([...withVolumes, ...withAddresses, ...withCredits, ...withAttributes])].map((identity) => {
      if (withVolumes.includes(identity)) note(identity, volumes);
      if (withAddresses.includes(identity)) note(identity, addresses);
      if (withCredits.includes(identity)) note(identity, credits);
      const named = [...(names.get(identity) ?? [])];
      for (const name of named) note(identity, attributes.get(`${identity} ${attributeOf[name] ?? ''}`));
      const own = volumes.ok
        ? volumes.value.filter((volume) =>
            listOf(volume['Attachments']).some((item) => item['InstanceId'] === identity),
          )
        : [];
      const credit = credits.ok ? credits.value.get(identity) : undefined;
      return [
        identity,
        {
          volumes:
            withVolumes.includes(identity) && volumes.ok
              ? new Map(own.map((volume) => [textOf(volume['VolumeId']) ?? '', volume]))
              : undefined,
          addresses: addresses.ok ? addresses.value.filter((address) => address['InstanceId'] === identity) : undefined,
          properties: compact({
            CreditSpecification: credit === undefined ? undefined : { CPUCredits: credit },
            DisableApiTermination: valueOf(attributes.get(`${identity} disableApiTermination`)),
            InstanceInitiatedShutdownBehavior: valueOf(attributes.get(`${identity} instanceInitiatedShutdownBehavior`)),
            ...(named.includes('UserData')
              ? { UserData: userDataOf(identity, attributes.get(`${identity} userData`)) }
              : {}),
          }),
          attributes: {},
          binding: {},
          observed: {},
        },
      ] as const;
    }),
  );
  return { of, failures };
}
