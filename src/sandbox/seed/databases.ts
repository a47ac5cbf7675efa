import { randomBytes } from 'node:crypto';
import {
  CreateDBInstanceCommand,
  CreateDBParameterGroupCommand,
  CreateDBSnapshotCommand,
  CreateDBSubnetGroupCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  ModifyDBParameterGroupCommand,
  type CreateDBInstanceCommandInput,
} from '@aws-sdk/client-rds';
import { before, type Fixture, type FixtureDatabase } from './fixture.ts';
import { ageOf, control, named, tagList, until, type SeedContext } from './context.ts';

/** Makes subnet and parameter groups, the databases, and their snapshots. */
export async function seedDatabases(
  context: SeedContext,
  { dbSubnetGroups = {}, dbParameterGroups = {}, databases = {} }: Fixture,
): Promise<void> {
  const { rds, names } = context;
  for (const [name, { DBSubnetGroupName, DBSubnetGroupDescription, subnets, tags }] of Object.entries(dbSubnetGroups)) {
    await rds.send(
      new CreateDBSubnetGroupCommand({
        DBSubnetGroupName,
        DBSubnetGroupDescription,
        SubnetIds: subnets.map((subnet) => named(context, subnet)),
        Tags: tagList(tags),
      }),
    );
    names[name] = DBSubnetGroupName;
  }
  for (const [
    name,
    { DBParameterGroupName, DBParameterGroupFamily, Description, parameters = {}, tags },
  ] of Object.entries(dbParameterGroups)) {
    await rds.send(
      new CreateDBParameterGroupCommand({
        DBParameterGroupName,
        DBParameterGroupFamily,
        Description,
        Tags: tagList(tags),
      }),
    );
    const Parameters = Object.entries(parameters).map(([ParameterName, ParameterValue]) => ({
      ParameterName,
      ParameterValue,
      ApplyMethod: 'pending-reboot' as const,
    }));
    if (Parameters.length > 0) await rds.send(new ModifyDBParameterGroupCommand({ DBParameterGroupName, Parameters }));
    names[name] = DBParameterGroupName;
  }
  await Promise.all(Object.entries(databases).map(([name, database]) => seedDatabase(context, name, database)));
}

async function seedDatabase(context: SeedContext, name: string, database: FixtureDatabase): Promise<void> {
  const { rds, now } = context;
  const { age, tags, groups = [], automatedSnapshots = [], snapshots = [], ...input } = database;
  const DBInstanceIdentifier = (context.names[name] = input.DBInstanceIdentifier);
  const ready = () =>
    until(
      `database ${DBInstanceIdentifier}`,
      async () =>
        (await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier }))).DBInstances?.[0]
          ?.DBInstanceStatus === 'available',
    );
  // Nobody ever logs in: the emulator runs no database.
  await rds.send(
    new CreateDBInstanceCommand({
      ...(input as unknown as CreateDBInstanceCommandInput),
      MasterUserPassword: randomBytes(18).toString('hex'),
      VpcSecurityGroupIds: groups.map((group) => named(context, group)),
      Tags: tagList(tags),
    }),
  );
  await ready();
  for (const taken of automatedSnapshots)
    await control(context, 'automated-snapshot', {
      region: context.region,
      instance: DBInstanceIdentifier,
      time: before(now, taken).toISOString(),
    });
  for (const { DBSnapshotIdentifier, age: taken, tags: labels } of snapshots) {
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier, Tags: tagList(labels) }));
    await until(
      `snapshot ${DBSnapshotIdentifier}`,
      async () =>
        (await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier }))).DBSnapshots?.[0]?.Status ===
        'available',
    );
    await ready();
    ageOf(context, `snapshot/${DBSnapshotIdentifier}`, taken);
  }
  ageOf(context, `db/${DBInstanceIdentifier}`, age);
}
