import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dbParameterGroup } from '../../providers/rds/db-parameter-group.ts';
import { dbSubnetGroup } from '../../providers/rds/db-subnet-group.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { startRds, type RdsFixture } from '../helpers/rds-fixture.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;
const query = (identities: readonly string[], detailed: readonly string[] = identities, all = false) => ({
  identities,
  all,
  detailed: new Set(detailed),
});

suite('read-only RDS groups against the emulator', () => {
  let rds: RdsFixture;
  beforeAll(async () => {
    rds = await startRds();
  });
  afterAll(async () => {
    await rds.stop();
  });

  it('reads a subnet group by name, with its subnets and tags', async () => {
    const { resources, absent, failures } = await dbSubnetGroup.read(rds.aws, query(['Private']));
    expect({ absent, failures }).toEqual({ absent: [], failures: [] });
    expect(resources).toHaveLength(1);
    expect(resources[0]).toMatchObject({
      identity: 'private',
      state: 'Complete',
      detailed: true,
      properties: {
        DBSubnetGroupName: 'private',
        DBSubnetGroupDescription: 'private subnets',
        SubnetIds: [...rds.subnets].sort(),
        Tags: { team: 'platform' },
      },
      attributes: { DBSubnetGroupArn: 'arn:aws:rds:eu-west-1:123456789012:subgrp:private' },
    });
  });
  it('reads a parameter group with what was set in it, and hides what may be a secret', async () => {
    await rds.ask('rds', 'ModifyDBParameterGroup', {
      DBParameterGroupName: 'courses-pg15',
      'Parameters.Parameter.1.ParameterName': 'max_connections',
      'Parameters.Parameter.1.ParameterValue': '500',
      'Parameters.Parameter.1.ApplyMethod': 'pending-reboot',
      'Parameters.Parameter.2.ParameterName': 'some.password',
      'Parameters.Parameter.2.ParameterValue': 'hunter2',
      'Parameters.Parameter.2.ApplyMethod': 'immediate',
    });
    const { resources } = await dbParameterGroup.read(rds.aws, query(['courses-pg15']));
    expect(resources[0]?.properties).toMatchObject({
      DBParameterGroupName: 'courses-pg15',
      Family: 'postgres15',
      Description: 'courses',
      Tags: { team: 'platform' },
      Parameters: { max_connections: '500', 'some.password': { $masked: 'set' } },
    });
    expect(JSON.stringify(resources)).not.toContain('hunter2');
  });
  it('calls absent what is not there, alone or among others, and reads all', async () => {
    expect((await dbSubnetGroup.read(rds.aws, query(['nobody']))).absent).toEqual(['nobody']);
    expect((await dbParameterGroup.read(rds.aws, query(['nobody']))).absent).toEqual(['nobody']);
    const some = await dbSubnetGroup.read(rds.aws, query(['private', 'nobody'], []));
    expect([some.absent, some.resources.map(({ identity, detailed }) => [identity, detailed])]).toEqual([
      ['nobody'],
      [['private', false]],
    ]);
    expect(
      (await dbParameterGroup.read(rds.aws, query([], [], true))).resources.map(({ identity }) => identity),
    ).toContain('courses-pg15');
    expect(await dbSubnetGroup.read(rds.aws, query([]))).toEqual({ resources: [], absent: [], failures: [] });
  });
});
