import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { givenBy, keysIn, mostTags, refuseMore, tagLimit } from '../protocol/tag-limit.ts';

const refusal = (): Refusal =>
  new Refusal('InvalidParameterValue', `The number of tags exceeds the limit of ${mostTags} for a resource.`);

/** More than 50 tags: nothing is made. API AddTagsToResource: the tags that are there count with the new ones. */
export const databaseTags: readonly QueryCorrection[] = [
  tagLimit(
    ['CreateDBInstance', 'RestoreDBInstanceFromDBSnapshot', 'RestoreDBInstanceToPointInTime', 'CreateDBSnapshot'],
    refusal,
  ),
  {
    operations: ['AddTagsToResource'],
    answers: 'more than 50 tags with those that are there are refused',
    async before({ parameters, send }: QueryContext) {
      const there = keysIn(
        await send('rds', 'ListTagsForResource', { ResourceName: parameters.get('ResourceName') ?? '' }),
      );
      refuseMore([...there, ...(givenBy(parameters).at(-1) ?? [])], refusal);
    },
  },
];
