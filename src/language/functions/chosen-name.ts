import { sha256 } from '../../base/digest.ts';
import type { Where } from './pseudo-parameters.ts';

/** RDS and S3 take at most 63 characters (CreateDBInstance, "Bucket naming rules"); a security group takes 255. */
const LONGEST = 63;
/** Beginnings that S3 ("Bucket naming rules") or EC2 (CreateSecurityGroup, GroupName) keep for themselves. */
const RESERVED = /^(?:sg-|sthree-|amzn-|xn-)/u;

/**
 * The name for a resource whose author left it out, as AWS or CloudFormation would choose one: from plan, address and
 * target, so that planning again gives the same name and another account or region another. Small letters, digits and
 * single hyphens; it begins with a letter.
 */
export function chosenName(address: string, { account, region, plan }: Where): string {
  const word = (text: string): string =>
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/gu, '-')
      .replaceAll(/^-+|-+$/gu, '');
  const mark = sha256([plan, address, account, region].join('\n')).slice('sha256:'.length).slice(0, 10);
  const start = [word(plan), word(address)]
    .filter((part) => part !== '')
    .join('-')
    .replace(RESERVED, (found) => `a-${found}`);
  return `${start.slice(0, LONGEST - mark.length - 1).replace(/-+$/u, '')}-${mark}`;
}
