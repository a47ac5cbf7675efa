import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { planOnce, repaired, type Knowledge } from '../helpers/agent.ts';

const folder = new URL('../../fixtures/agent-plans/', import.meta.url);
const knowledge: Knowledge = {
  ids: {
    'AWS::EC2::Instance': 'i-c4526aa96988ffb37',
    'AWS::S3::Bucket': 'courses-prod-uploads',
    'AWS::RDS::DBSubnetGroup': 'courses',
  },
  meant: {
    '{{ bucket_id }}': 'courses-prod-uploads',
    '${BucketId}': 'courses-prod-logs',
    '${Account}': '123456789012',
    '${Region}': 'eu-west-1',
    '${CoursesDb}': 'courses-prod',
    '${WebInstance}': 'i-c4526aa96988ffb37',
    '${UploadsBucket}': 'courses-prod-uploads',
  },
};

/**
 * Rounds of `plan` until there is something to review, each error answered by what it hands over; the codes of each
 * round.
 */
function rounds(text: string): readonly (readonly string[])[] {
  const said: string[][] = [];
  let file = text;
  for (let call = 1; call <= 6; call += 1) {
    const { findings, reviewable } = planOnce(file);
    said.push([...new Set(findings.filter(({ severity }) => severity === 'error').map(({ code }) => code))]);
    if (reviewable) return said;
    file = repaired(file, findings, knowledge);
  }
  return [...said, ['never reviewable', file]];
}

describe('change plans as agents write them need at most three calls from writing to a plan that can be reviewed', () => {
  it.each(readdirSync(folder))('%s', (name) => {
    const said = rounds(readFileSync(new URL(name, folder), 'utf8'));
    if (process.env['AIPLAN_ROUNDS'] !== undefined)
      process.stdout.write(
        `${name} | ${said.length} | ${said.map((codes) => codes.join(', ') || 'a plan to review').join(' → ')}\n`,
      );
    expect({ name, said, calls: said.length <= 3 }).toEqual({ name, said, calls: true });
    expect(said.at(-1)).toEqual([]);
  });
});
