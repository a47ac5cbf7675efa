import { Refusal, type QueryContext, type QueryCorrection } from './correction.ts';
import type { Parameters } from './parameters.ts';
import { child, textAt, type Element } from './xml.ts';

/** Tags of one resource; those of AWS itself do not count (Tagging AWS Resources, "Tag naming limits and requirements"). */
export const mostTags = 50;

/** How many of these keys count. */
export const counted = (keys: Iterable<string>): number =>
  [...new Set(keys)].filter((key) => !key.toLowerCase().startsWith('aws:')).length;

const keysOf = (tags: readonly Parameters[]): readonly string[] => tags.map((tag) => tag.get('Key') ?? '');

/** The sets of tags that a request gives to what it makes. */
const givenBy = (parameters: Parameters): readonly (readonly string[])[] => [
  ...parameters.structures('TagSpecification').map((one) => keysOf(one.structures('Tag'))),
  keysOf([...parameters.structures('Tags.Tag'), ...parameters.structures('Tags.member')]),
];

function refuseMore(service: 'ec2' | 'rds', keys: Iterable<string>): void {
  if (counted(keys) <= mostTags) return;
  throw service === 'ec2'
    ? new Refusal('TagLimitExceeded', 'The maximum number of Tags for a resource has been reached.')
    : new Refusal('InvalidParameterValue', `The number of tags exceeds the limit of ${mostTags} for a resource.`);
}

/** Every `Key` of a tag in an answer. */
const keysIn = (answer: Element): readonly string[] =>
  answer.name === 'Tag' && child(answer, 'Key') !== undefined
    ? [textAt(answer, 'Key')]
    : answer.children.flatMap(keysIn);

const makers: Readonly<Record<'ec2' | 'rds', readonly string[]>> = {
  ec2: ['RunInstances', 'CreateVolume', 'CreateSecurityGroup', 'CreateSnapshot', 'CreateSnapshots', 'CreateImage'],
  rds: ['CreateDBInstance', 'RestoreDBInstanceFromDBSnapshot', 'RestoreDBInstanceToPointInTime', 'CreateDBSnapshot'],
};

/** More tags than a resource takes: nothing is made, and nothing is tagged. */
export const tagLimit = (service: 'ec2' | 'rds'): readonly QueryCorrection[] => [
  {
    service,
    operations: makers[service],
    answers: 'what would have more than 50 tags is not made; the emulator makes it and then refuses, or takes all',
    before({ parameters }) {
      for (const keys of givenBy(parameters)) refuseMore(service, keys);
    },
  },
  ...(service === 'rds' ? [addedTags] : []),
];

/** API AddTagsToResource: the tags that are there count with the new ones. */
const addedTags: QueryCorrection = {
  service: 'rds',
  operations: ['AddTagsToResource'],
  answers: 'more than 50 tags with those that are there are refused',
  async before({ parameters, send }: QueryContext) {
    const there = keysIn(
      await send('rds', 'ListTagsForResource', { ResourceName: parameters.get('ResourceName') ?? '' }),
    );
    refuseMore('rds', [...there, ...(givenBy(parameters).at(-1) ?? [])]);
  },
};
