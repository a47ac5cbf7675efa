import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSession } from '../../providers/aws/session/session.ts';
import { availabilityZones } from '../../providers/ec2/availability-zones.ts';
import { ssmParameter } from '../../providers/ssm/parameter.ts';
import { awsSecret } from '../../src/cli/context/aws-secrets.ts';
import { emulatorAvailable, startEmulator, testCredentials, type Emulator } from '../helpers/emulator.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('parameters, Availability Zones and secrets on the emulator, through the gate', () => {
  let emulator: Emulator;
  const open = (secrets: readonly string[] = []) =>
    openSession({
      region: 'eu-west-1',
      endpoint: emulator.endpoint,
      credentials: testCredentials,
      mode: 'read-only',
      secrets,
    });
  beforeAll(async () => {
    emulator = await startEmulator();
    const settings = { region: 'eu-west-1', endpoint: emulator.endpoint, credentials: testCredentials };
    const ssm = new SSMClient(settings);
    for (const Value of ['one', 'two'])
      await ssm.send(new PutParameterCommand({ Name: '/site/x.y', Value, Type: 'String', Overwrite: true }));
    await ssm.send(new PutParameterCommand({ Name: '/AIPLAN_SECRET_p', Value: 'secure', Type: 'SecureString' }));
    ssm.destroy();
    const secrets = new SecretsManagerClient(settings);
    await secrets.send(new CreateSecretCommand({ Name: 'AIPLAN_SECRET_db', SecretString: '{"password":"hunter2"}' }));
    secrets.destroy();
  });
  afterAll(async () => {
    await emulator.stop();
  });

  it('reads parameters by name and version, tells the absent, and shows no SecureString', async () => {
    const session = open();
    const { resources, absent, failures } = await ssmParameter.read(session, {
      identities: ['/site/x.y', '/site/x.y:1', '/none', '/AIPLAN_SECRET_p'],
      all: false,
      detailed: new Set(),
    });
    expect(resources.map(({ identity, attributes }) => [identity, attributes['Value']]).sort()).toEqual([
      ['/site/x.y', 'two'],
      ['/site/x.y:1', 'one'],
    ]);
    expect(absent).toEqual(['/none']);
    expect(failures).toMatchObject([{ identity: '/AIPLAN_SECRET_p', code: 'SecureString' }]);
    expect(
      (await availabilityZones.read(session, { identities: ['eu-west-1'], all: false, detailed: new Set() }))
        .resources[0]?.attributes['Names'],
    ).toEqual(['eu-west-1a', 'eu-west-1b', 'eu-west-1c']);
    session.close();
  });

  it('reads exactly the secret that it was opened for', async () => {
    const ports = { prefixes: ['AIPLAN_SECRET_'], reader: async (name: string) => open([name]) };
    expect(await awsSecret({ $secret: { manager: 'AIPLAN_SECRET_db:SecretString:password' } }, ports)).toBe('hunter2');
    expect(await awsSecret({ $secret: { parameter: '/AIPLAN_SECRET_p' } }, ports)).toBe('secure');
    await expect(awsSecret({ $secret: { manager: 'AIPLAN_SECRET_none' } }, ports)).rejects.toMatchObject({
      code: 'secret-missing',
    });
    await expect(
      awsSecret(
        { $secret: { manager: 'AIPLAN_SECRET_db' } },
        { ...ports, reader: async () => open(['AIPLAN_SECRET_other']) },
      ),
    ).rejects.toMatchObject({ code: 'gate-refused' });
  });
});
