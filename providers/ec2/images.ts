import type { AwsReader } from '../../src/domain/call.ts';
import { AwsError } from '../../src/base/error.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ReadQuery, ReadResult, ResourceType } from '../../src/domain/resource-type.ts';
import { failureOf } from '../aws/values/batches.ts';
import { compact, listOf, textOf } from '../aws/values/fields.ts';
import { filtered } from './paging.ts';

export const imageType = 'AWS::EC2::Image';

/** Whose the images are: one DescribeImages for all of them, deprecated ones too, which most public images become. */
async function readImages(aws: AwsReader, { identities }: ReadQuery): Promise<ReadResult> {
  if (identities.length === 0) return { resources: [], absent: [], failures: [] };
  try {
    const answer = await aws.read({
      service: 'ec2',
      operation: 'DescribeImages',
      input: { ...filtered('image-id', identities), IncludeDeprecated: true },
    });
    const resources = listOf(answer?.['Images'])
      .filter((raw) => identities.includes(textOf(raw['ImageId']) ?? ''))
      .map((raw): LiveResource => {
        const identity = textOf(raw['ImageId']) ?? '';
        const properties = compact({
          OwnerId: textOf(raw['OwnerId']),
          OwnerAlias: textOf(raw['ImageOwnerAlias']),
          Name: textOf(raw['Name']),
        });
        return {
          type: imageType,
          identity,
          incarnation: identity,
          properties,
          attributes: properties,
          systemTags: {},
          state: textOf(raw['State']) ?? 'unknown',
          pending: {},
          binding: {},
          observed: {},
          detailed: true,
        };
      });
    return {
      resources,
      absent: identities.filter((id) => !resources.some(({ identity }) => identity === id)),
      failures: [],
    };
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind === 'expired' || error.kind === 'network') throw error;
    return { resources: [], absent: [], failures: identities.map((identity) => failureOf(imageType, identity, error)) };
  }
}

/** The images of new instances: read at plan time, so that a foreign one is seen. No entry of a plan has this type. */
export const images: ResourceType = {
  type: imageType,
  service: 'ec2',
  managed: false,
  rules: {
    properties: {},
    compare: {},
    keys: {},
    secretInput: [],
    sensitive: [],
    volatile: [],
    destructive: [],
    grants: [],
    changeableStates: [],
    goneStates: [],
    duplicate: () => null,
    leftovers: () => [],
  },
  read: readImages,
  iam: { read: ['ec2:DescribeImages'], write: [], capture: [], restore: [] },
};
