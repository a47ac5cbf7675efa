/** Where a change plan applies: what pseudo parameters stand for. */
export interface Where {
  readonly account: string;
  readonly region: string;
  readonly plan: string;
}

/** Partition and domain of a region by the beginning of its name (SDK partitions.json, botocore `partitions`). */
const PARTITIONS: readonly (readonly [RegExp, partition: string, suffix: string])[] = [
  [/^cn-/u, 'aws-cn', 'amazonaws.com.cn'],
  [/^us-gov-/u, 'aws-us-gov', 'amazonaws.com'],
  [/^us-iso-/u, 'aws-iso', 'c2s.ic.gov'],
  [/^us-isob-/u, 'aws-iso-b', 'sc2s.sgov.gov'],
  [/^eu-isoe-/u, 'aws-iso-e', 'cloud.adc-e.uk'],
  [/^us-isof-|^eu-isof-/u, 'aws-iso-f', 'csp.hci.ic.gov'],
  [/^eusc-/u, 'aws-eusc', 'amazonaws.eu'],
  [/^/u, 'aws', 'amazonaws.com'],
];

const pseudoNames = ['AWS::AccountId', 'AWS::Region', 'AWS::Partition', 'AWS::URLSuffix'] as const;

export const isPseudo = (name: string): boolean => /^AWS::[A-Za-z]+$/u.test(name);

/** The value of a pseudo parameter; undefined for those that need a stack. */
export function pseudoValue(name: string, { account, region }: Where): string | undefined {
  const [, partition, suffix] = PARTITIONS.find(([pattern]) => pattern.test(region))!;
  switch (name) {
    case 'AWS::AccountId':
      return account;
    case 'AWS::Region':
      return region;
    case 'AWS::Partition':
      return partition;
    case 'AWS::URLSuffix':
      return suffix;
    default:
      return undefined;
  }
}

/** The text to write instead of a pseudo parameter that only a CloudFormation stack has. */
export function insteadOfPseudo(name: string, where: Where): string {
  if (name === 'AWS::NoValue')
    return 'delete the line: what a change plan leaves out is left as it is, or as AWS makes it';
  if (name === 'AWS::StackName')
    return `a change plan has no stack; write a name, such as that of the plan:  ${where.plan === '' ? 'my-change' : where.plan}`;
  return `write the value out; the pseudo parameters are ${pseudoNames.join(', ')}`;
}
