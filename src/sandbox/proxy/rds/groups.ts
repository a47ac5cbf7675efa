import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { rdsAnswer } from '../protocol/query.ts';
import { child, copyOf, element, listAt, textAt, type Element } from '../protocol/xml.ts';
import { isDeleting } from './instances.ts';
import { databasesIn } from './memory.ts';
import { manualSnapshots } from './snapshots.ts';

const databases = async (context: QueryContext): Promise<readonly Element[]> => [
  ...databasesIn(await context.send('rds', 'DescribeDBInstances', {})),
  ...[...context.world.deletedDatabases].filter(([name]) => isDeleting(context, name)).map(([, database]) => database),
];

async function modifySubnetGroup(context: QueryContext): Promise<Element> {
  const { parameters, send } = context;
  const name = parameters.get('DBSubnetGroupName') ?? '';
  const described = await send('rds', 'DescribeDBSubnetGroups', { DBSubnetGroupName: name });
  const [group] = listAt(described, 'DescribeDBSubnetGroupsResult', 'DBSubnetGroups');
  const tags = listAt(
    await send('rds', 'ListTagsForResource', { ResourceName: textAt(group, 'DBSubnetGroupArn') }),
    'ListTagsForResourceResult',
    'TagList',
  );
  const subnets = parameters.list('SubnetIds.SubnetIdentifier');
  await send('rds', 'DeleteDBSubnetGroup', { DBSubnetGroupName: name });
  const made = await send('rds', 'CreateDBSubnetGroup', {
    DBSubnetGroupName: name,
    DBSubnetGroupDescription: parameters.get('DBSubnetGroupDescription') ?? textAt(group, 'DBSubnetGroupDescription'),
    ...Object.fromEntries(subnets.map((subnet, index) => [`SubnetIds.SubnetIdentifier.${index + 1}`, subnet])),
    ...Object.fromEntries(
      tags.flatMap((tag, index) => [
        [`Tags.Tag.${index + 1}.Key`, textAt(tag, 'Key')],
        [`Tags.Tag.${index + 1}.Value`, textAt(tag, 'Value')],
      ]),
    ),
  });
  const result = child(child(made, 'CreateDBSubnetGroupResult'), 'DBSubnetGroup');
  return rdsAnswer(context.operation, result === undefined ? [] : [copyOf(result)]);
}

const quota = (name: string, used: number, max: number): Element =>
  element('AccountQuota', [
    element('AccountQuotaName', name),
    element('Used', String(used)),
    element('Max', String(max)),
  ]);

export const groupsAndAccount: readonly QueryCorrection[] = [
  {
    operations: ['DeleteDBSubnetGroup'],
    answers: 'a subnet group in use is not deleted',
    async before(context) {
      const name = context.parameters.get('DBSubnetGroupName')?.toLowerCase();
      const user = (await databases(context)).find(
        (database) => textAt(database, 'DBSubnetGroup', 'DBSubnetGroupName').toLowerCase() === name,
      );
      if (user !== undefined)
        throw new Refusal(
          'InvalidDBSubnetGroupStateFault',
          `Cannot delete the subnet group '${name}' because at least one database instance: ${textAt(user, 'DBInstanceIdentifier')} is still using it.`,
        );
    },
  },
  {
    operations: ['DeleteDBParameterGroup'],
    answers: 'a parameter group that is default or in use is not deleted; the emulator breaks every later reading',
    async before(context) {
      const name = context.parameters.get('DBParameterGroupName')?.toLowerCase() ?? '';
      const used = (await databases(context)).some((database) =>
        listAt(database, 'DBParameterGroups').some(
          (group) => textAt(group, 'DBParameterGroupName').toLowerCase() === name,
        ),
      );
      if (used || name.startsWith('default.'))
        throw new Refusal(
          'InvalidDBParameterGroupState',
          'One or more database instances are still members of this parameter group, so the group cannot be deleted',
        );
    },
  },
  {
    operations: ['ModifyDBSubnetGroup'],
    answers: 'the group is changed; the emulator deletes it',
    before: modifySubnetGroup,
  },
  {
    operations: ['DescribeAccountAttributes'],
    answers: "the account's quotas; the emulator answers 500",
    async before(context) {
      const living = databasesIn(await context.send('rds', 'DescribeDBInstances', {}));
      const storage = living.reduce((sum, database) => sum + Number(textAt(database, 'AllocatedStorage')), 0);
      return rdsAnswer(context.operation, [
        element('AccountQuotas', [
          quota('DBInstances', living.length, 40),
          quota('ManualSnapshots', await manualSnapshots(context), 100),
          quota('AllocatedStorage', storage, 100_000),
        ]),
      ]);
    },
  },
  {
    operations: ['DescribePendingMaintenanceActions'],
    answers: 'the emulator answers 500; the sandbox has none',
    before: (context) => rdsAnswer(context.operation, [element('PendingMaintenanceActions', [])]),
  },
  {
    operations: ['DescribeCertificates'],
    answers: 'the emulator answers 500; the sandbox has one',
    before: (context) =>
      rdsAnswer(context.operation, [
        element('Certificates', [
          element('Certificate', [
            element('CertificateIdentifier', 'rds-ca-rsa2048-g1'),
            element('CertificateType', 'CA'),
            element('ValidFrom', '2021-05-21T00:00:00Z'),
            element('ValidTill', '2061-05-21T00:00:00Z'),
          ]),
        ]),
      ]),
  },
];
