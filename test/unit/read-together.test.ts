import { describe, expect, it } from '@jest/globals';
import { readTogether } from '../../providers/aws/session/read-together.ts';
import { filtered } from '../../providers/ec2/paging.ts';
import type { AwsReader, ReadCall } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { listOf, textsOf } from '../../providers/aws/values/fields.ts';

const reader = (answer: (call: ReadCall) => JsonObject | null): AwsReader & { readonly asked: ReadCall[] } => {
  const asked: ReadCall[] = [];
  return {
    asked,
    counts: {},
    read: async (call) => {
      asked.push(call);
      return answer(call);
    },
  };
};
const image = (id: string): ReadCall => ({
  service: 'ec2',
  operation: 'DescribeImages',
  input: { ...filtered('image-id', [id]), IncludeDeprecated: true },
});
const database = (name: string): ReadCall => ({
  service: 'rds',
  operation: 'DescribeDBInstances',
  input: { DBInstanceIdentifier: name },
  absent: ['DBInstanceNotFound'],
});
const subnetGroup = (name: string): ReadCall => ({
  service: 'rds',
  operation: 'DescribeDBSubnetGroups',
  input: { DBSubnetGroupName: name },
  absent: ['DBSubnetGroupNotFound'],
});
const valuesOf = ({ input }: ReadCall): readonly string[] => textsOf(listOf(input['Filters'])[0]?.['Values']);

describe('reads of single things as lists', () => {
  it('one call for 200 images, and every asker gets its own', async () => {
    const session = reader((call) => ({
      Images: valuesOf(call)
        .filter((id) => id !== 'ami-7')
        .map((ImageId) => ({ ImageId })),
    }));
    const outcomes = await readTogether(
      session,
      Array.from({ length: 450 }, (_, index) => image(`ami-${index}`)),
    );
    expect(session.asked.map((call) => [call.input['IncludeDeprecated'], valuesOf(call).length])).toEqual([
      [true, 200],
      [true, 200],
      [true, 50],
    ]);
    expect(outcomes[7]).toEqual({ answer: { Images: [] } });
    expect(outcomes[449]).toEqual({ answer: { Images: [{ ImageId: 'ami-449' }] } });
  });

  it('not what differs in anything else', async () => {
    const session = reader(() => ({ Images: [] }));
    await readTogether(session, [
      image('ami-1'),
      { ...image('ami-2'), input: filtered('image-id', ['ami-2']) },
      { ...image('ami-*'), input: filtered('image-id', ['ami-*']) },
    ]);
    expect(session.asked).toHaveLength(3);
  });

  it('an interface belongs to each of its groups, and pages are followed', async () => {
    const session = reader(({ input }) =>
      input['NextToken'] === undefined
        ? {
            NetworkInterfaces: [{ NetworkInterfaceId: 'eni-1', Groups: [{ GroupId: 'a' }, { GroupId: 'b' }] }],
            NextToken: 'more',
          }
        : { NetworkInterfaces: [{ NetworkInterfaceId: 'eni-2', Groups: [{ GroupId: 'b' }] }] },
    );
    const outcomes = await readTogether(
      session,
      ['a', 'b', 'c'].map(
        (group) =>
          ({ service: 'ec2', operation: 'DescribeNetworkInterfaces', input: filtered('group-id', [group]) }) as const,
      ),
    );
    expect(
      outcomes.map((outcome) =>
        'answer' in outcome
          ? listOf(outcome.answer?.['NetworkInterfaces']).map((item) => item['NetworkInterfaceId'])
          : 'failed',
      ),
    ).toEqual([['eni-1'], ['eni-1', 'eni-2'], []]);
    expect(session.asked).toHaveLength(2);
  });

  it('databases by filter; one that is not there is absent', async () => {
    const session = reader((call) => ({
      DBInstances: valuesOf(call)
        .filter((name) => name !== 'gone')
        .map((DBInstanceIdentifier) => ({ DBInstanceIdentifier })),
    }));
    expect(await readTogether(session, [database('One'), database('gone')])).toEqual([
      { answer: { DBInstances: [{ DBInstanceIdentifier: 'one' }] } },
      { answer: null },
    ]);
    expect(session.asked).toHaveLength(1);
  });

  it('a few groups without a filter by name, many by the whole list', async () => {
    const session = reader(({ input }) => ({
      DBSubnetGroups: (input['DBSubnetGroupName'] === undefined
        ? ['g-0', 'g-1']
        : [String(input['DBSubnetGroupName'])]
      ).map((DBSubnetGroupName) => ({ DBSubnetGroupName })),
    }));
    await readTogether(session, [subnetGroup('g-0'), subnetGroup('g-1')]);
    expect(session.asked.map(({ input }) => input)).toEqual([
      { DBSubnetGroupName: 'g-0' },
      { DBSubnetGroupName: 'g-1' },
    ]);
    session.asked.length = 0;
    const outcomes = await readTogether(
      session,
      Array.from({ length: 9 }, (_, index) => subnetGroup(`g-${index}`)),
    );
    expect(session.asked.map(({ input }) => input)).toEqual([{}]);
    expect(outcomes.map((outcome) => 'answer' in outcome && outcome.answer !== null)).toEqual([
      true,
      true,
      ...Array<boolean>(7).fill(false),
    ]);
  });

  it('what fails fails for each that asked for it, and for nobody else', async () => {
    const session = reader((call) => {
      if (call.operation === 'DescribeImages') throw new Error('denied');
      return { DBInstances: [] };
    });
    const outcomes = await readTogether(session, [image('ami-1'), database('x'), image('ami-2')]);
    expect(outcomes.map((outcome) => ('failure' in outcome ? (outcome.failure as Error).message : 'ok'))).toEqual([
      'denied',
      'ok',
      'denied',
    ]);
  });
});
