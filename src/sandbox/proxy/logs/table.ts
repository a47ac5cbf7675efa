import type { JsonObject } from '../../../base/json.ts';
import { Refusal } from '../protocol/correction.ts';
import type { EmulatorState } from '../protocol/emulator-state.ts';
import { textIn, type JsonCorrection } from '../protocol/json.ts';
import { keyId } from '../protocol/key-states.ts';
import type { ProxiedService } from '../protocol/proxied.ts';

const retentions: readonly unknown[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
const invalid = (message: string): Refusal => new Refusal('InvalidParameterException', message);

/** "If you attempt to associate a KMS key with the log group but the KMS key does not exist or the KMS key is disabled" */
function requireKey({ keys }: EmulatorState, key: string): void {
  if (key !== '' && keys.has(keyId(key)))
    throw invalid('The specified KMS key does not exist or is not allowed to be used.');
}

const groupsIn = (answer: JsonObject): readonly JsonObject[] =>
  Array.isArray(answer['logGroups']) ? (answer['logGroups'] as unknown as readonly JsonObject[]) : [];

const corrections: readonly JsonCorrection[] = [
  {
    operations: ['CreateLogGroup'],
    answers:
      'names that AWS does not take, a key that cannot be used and more than 50 tags are refused; the class and the deletion protection are kept',
    before({ input, world }) {
      const name = textIn(input, 'logGroupName');
      if (!/^(?!aws\/)[.\-_/#A-Za-z0-9]{1,512}$/u.test(name)) throw invalid(`Value '${name}' at 'logGroupName' failed`);
      if (Object.keys((input['tags'] ?? {}) as JsonObject).length > 50)
        throw new Refusal('TooManyTagsException', 'A resource can have no more than 50 tags.');
      requireKey(world, textIn(input, 'kmsKeyId'));
    },
    after({ input, world }) {
      world.logGroups.set(textIn(input, 'logGroupName'), {
        class: textIn(input, 'logGroupClass') || 'STANDARD',
        key: textIn(input, 'kmsKeyId'),
        isProtected: input['deletionProtectionEnabled'] === true,
      });
    },
  },
  {
    operations: ['DescribeLogGroups'],
    answers: 'the class, the key and the deletion protection of a group; the emulator does not know them',
    after: ({ world }, answer) => ({
      ...answer,
      logGroups: groupsIn(answer).map((group) => {
        const { kmsKeyId: made, ...rest } = group;
        const known = world.logGroups.get(textIn(group, 'logGroupName'));
        const key = known === undefined ? made : known.key;
        return {
          ...rest,
          logGroupClass: known?.class ?? 'STANDARD',
          deletionProtectionEnabled: known?.isProtected === true,
          ...(key === undefined || key === '' ? {} : { kmsKeyId: key }),
        };
      }),
    }),
  },
  {
    operations: ['PutLogGroupDeletionProtection', 'AssociateKmsKey', 'DisassociateKmsKey'],
    answers: 'the emulator has no such operation',
    async before({ operation, input, world, send }) {
      const name = textIn(input, 'logGroupIdentifier') || textIn(input, 'logGroupName');
      const found = groupsIn(await send('DescribeLogGroups', { logGroupNamePrefix: name })).find(
        (group) => group['logGroupName'] === name,
      );
      if (found === undefined)
        throw new Refusal('ResourceNotFoundException', 'The specified log group does not exist.');
      const known = world.logGroups.get(name) ?? {
        class: 'STANDARD',
        key: textIn(found, 'kmsKeyId'),
        isProtected: false,
      };
      const key =
        operation === 'AssociateKmsKey'
          ? textIn(input, 'kmsKeyId')
          : operation === 'DisassociateKmsKey'
            ? ''
            : known.key;
      if (operation === 'AssociateKmsKey') requireKey(world, key);
      const isProtected =
        operation === 'PutLogGroupDeletionProtection' ? input['deletionProtectionEnabled'] === true : known.isProtected;
      world.logGroups.set(name, { ...known, key, isProtected });
      return {};
    },
  },
  {
    // "Protecting log groups from deletion" (CloudWatch Logs user guide).
    operations: ['DeleteLogGroup'],
    answers:
      'a protected group is not deleted; tags and metric filters go with a group, the emulator keeps them for the next one',
    async before({ input, world, send }) {
      const name = textIn(input, 'logGroupName');
      if (world.logGroups.get(name)?.isProtected === true)
        throw new Refusal(
          'ValidationException',
          'Cannot delete log group with deletion protection enabled. Disable deletion protection first.',
        );
      const resourceArn = `arn:aws:logs:${world.region}:${world.account}:log-group:${name}`;
      const { tags } = await send('ListTagsForResource', { resourceArn });
      const { metricFilters } = await send('DescribeMetricFilters', { logGroupName: name });
      for (const { filterName } of (metricFilters ?? []) as unknown as readonly { filterName: string }[])
        await send('DeleteMetricFilter', { logGroupName: name, filterName });
      const tagKeys = Object.keys((tags ?? {}) as JsonObject);
      if (tagKeys.length > 0) await send('UntagResource', { resourceArn, tagKeys });
    },
    after({ input, world }) {
      world.logGroups.delete(textIn(input, 'logGroupName'));
    },
  },
  {
    operations: ['PutRetentionPolicy'],
    answers: 'only the retentions of the API reference are taken',
    before({ input }) {
      if (!retentions.includes(input['retentionInDays']))
        throw invalid(`Value '${String(input['retentionInDays'])}' at 'retentionInDays' failed`);
    },
  },
];

/** Errors of each operation: CloudWatch Logs API reference. */
export const logs: ProxiedService = {
  json: corrections,
  refuses: {
    dependency: [[/^DeleteLogGroup$/u, 'OperationAbortedException', 400]],
    quota: [[/^CreateLogGroup$/u, 'LimitExceededException', 400]],
    capacity: [[/./u, 'ServiceUnavailableException', 500]],
  },
  otherwise: {
    dependency: 'OperationAbortedException',
    quota: 'LimitExceededException',
    capacity: 'ServiceUnavailableException',
  },
  absent: [[/./u, 'ResourceNotFoundException', 400]],
};
