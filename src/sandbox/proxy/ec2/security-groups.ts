import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { isDeleting } from '../rds/instances.ts';
import { listAt, textAt, type Element } from '../protocol/xml.ts';

const refersTo = (group: Element, identity: string): boolean =>
  ['ipPermissions', 'ipPermissionsEgress'].some((direction) =>
    listAt(group, direction).some((permission) =>
      listAt(permission, 'groups').some((pair) => textAt(pair, 'groupId') === identity),
    ),
  );

async function dependents(context: QueryContext, identity: string, groups: readonly Element[]): Promise<boolean> {
  if (groups.some((group) => textAt(group, 'groupId') !== identity && refersTo(group, identity))) return true;
  const interfaces = listAt(await context.send('ec2', 'DescribeNetworkInterfaces', {}), 'networkInterfaceSet');
  const attached = interfaces.some(
    (item) =>
      context.world.settings.get(`${textAt(item, 'attachment', 'instanceId')}/terminated`) !== 'true' &&
      listAt(item, 'groupSet').some((group) => textAt(group, 'groupId') === identity),
  );
  if (attached) return true;
  const databases = [
    ...listAt(await context.send('rds', 'DescribeDBInstances', {}), 'DescribeDBInstancesResult', 'DBInstances'),
    ...[...context.world.deletedDatabases]
      .filter(([name]) => isDeleting(context, name))
      .map(([, database]) => database),
  ];
  return databases.some((database) =>
    listAt(database, 'VpcSecurityGroups').some((membership) => textAt(membership, 'VpcSecurityGroupId') === identity),
  );
}

/**
 * API DeleteSecurityGroup: not the default group, not one that an interface has, not one that another group refers to.
 */
export const deleteSecurityGroup: QueryCorrection = {
  operations: ['DeleteSecurityGroup'],
  answers: 'a group that is default, in use or referred to is not deleted',
  async before(context) {
    const { parameters } = context;
    const groups = listAt(await context.send('ec2', 'DescribeSecurityGroups', {}), 'securityGroupInfo');
    const wanted = parameters.get('GroupId');
    const group = groups.find((item) =>
      wanted === undefined
        ? textAt(item, 'groupName') === parameters.get('GroupName')
        : textAt(item, 'groupId') === wanted,
    );
    if (group === undefined) return;
    const identity = textAt(group, 'groupId');
    if (textAt(group, 'groupName') === 'default') {
      throw new Refusal(
        'CannotDelete',
        `the specified group: "${identity}" name: "default" cannot be deleted by a user`,
      );
    }
    if (await dependents(context, identity, groups))
      throw new Refusal('DependencyViolation', `resource ${identity} has a dependent object`);
  },
};
