import { Refusal, type QueryCorrection } from '../protocol/correction.ts';
import type { ProxiedService } from '../protocol/proxied.ts';
import { at, child, listAt, put } from '../protocol/xml.ts';

/** API ListInstanceProfiles: "this operation does not return tags, even though they are an attribute of the object". */
const listed: QueryCorrection = {
  operations: ['ListInstanceProfiles'],
  answers: 'a list of instance profiles without their tags; the emulator lists them',
  after(_context, answer) {
    for (const profile of listAt(answer, 'ListInstanceProfilesResult', 'InstanceProfiles'))
      profile.children = profile.children.filter(({ name }) => name !== 'Tags');
  },
};

/** "IsTruncated: A flag that indicates whether there are more items to return": a list always has it. */
const pages: QueryCorrection = {
  operations: ['ListInstanceProfiles', 'ListInstanceProfileTags'],
  answers: 'whether there are more pages; the emulator leaves it out',
  after({ operation }, answer) {
    const result = at(answer, `${operation}Result`);
    if (result !== undefined && child(result, 'IsTruncated') === undefined) put(result, 'IsTruncated', 'false');
  },
};

/** API TagInstanceProfile, "Concurrent modification and limits": 50 tags. */
const tags: QueryCorrection = {
  operations: ['CreateInstanceProfile', 'TagInstanceProfile'],
  answers: 'more than 50 tags are refused; the emulator takes them',
  before({ parameters }) {
    if (parameters.structures('Tags.member').length > 50)
      throw new Refusal('LimitExceeded', 'The number of tags has reached the maximum limit.', 409);
  },
};

/** Errors of each operation: IAM API reference. */
export const iam: ProxiedService = {
  version: '2010-05-08',
  namespace: ' xmlns="https://iam.amazonaws.com/doc/2010-05-08/"',
  query: [listed, pages, tags],
  refuses: {
    dependency: [[/^DeleteInstanceProfile$/u, 'DeleteConflict', 409]],
    quota: [[/^(?:Create|AddRoleTo)InstanceProfile$/u, 'LimitExceeded', 409]],
    capacity: [],
  },
  otherwise: { dependency: 'DeleteConflict', quota: 'LimitExceeded', capacity: 'ServiceFailure' },
  absent: [[/^(?:Get|List)/u, 'NoSuchEntity', 404]],
};
