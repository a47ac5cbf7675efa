import type { JsonObject } from '../../src/base/json.ts';
import type { ValueProblem } from '../../src/domain/resource-type.ts';

/** `retentionInDays` of PutRetentionPolicy (CloudWatch Logs API reference). */
const retentions: readonly unknown[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** What AWS refuses of a log group, whatever is live. Source: CreateLogGroup, PutRetentionPolicy. */
export const logGroupProblems = ({ LogGroupName, RetentionInDays, KmsKeyId }: JsonObject): readonly ValueProblem[] => [
  ...(typeof LogGroupName === 'string' && !/^(?!aws\/)[.\-_/#A-Za-z0-9]{1,512}$/u.test(LogGroupName)
    ? [
        {
          at: 'LogGroupName',
          message: `"${LogGroupName}" is no name of a log group`,
          help: 'write 1 to 512 letters, digits and _-/.#; it does not begin with aws/',
        },
      ]
    : []),
  ...(typeof RetentionInDays === 'number' && !retentions.includes(RetentionInDays)
    ? [
        {
          at: 'RetentionInDays',
          message: `AWS keeps log events for no ${RetentionInDays} days`,
          help: `write one of ${retentions.join(', ')}, or leave it out to keep them for ever`,
        },
      ]
    : []),
  ...(typeof KmsKeyId === 'string' && !/^arn:[^:]*:kms:[^:]*:\d{12}:key\/.+$/u.test(KmsKeyId)
    ? [
        {
          at: 'KmsKeyId',
          message: `"${KmsKeyId}" is no ARN of a key`,
          help: 'write the ARN of the key, not its id or alias',
        },
      ]
    : []),
];
