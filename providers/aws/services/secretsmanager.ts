import type { ServiceRecord } from './service.ts';

declare module '../../../src/domain/call.ts' {
  interface Services {
    readonly secretsmanager: true;
  }
}

/** AWS Secrets Manager: secrets that a secret property names. */
export const secretsmanager: ServiceRecord = {
  name: 'secretsmanager',
  sdkId: 'Secrets Manager',
  protocol: 'json',
  async load() {
    const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
    return { Client: SecretsManagerClient, commands: { GetSecretValueCommand } };
  },
  always: { GetSecretValue: ['ARN'] },
  reads: ``,
  extent: 'used',
  discloses: { BatchGetSecretValue: 'secrets', GetRandomPassword: 'a password' },
  namedSecrets: { GetSecretValue: 'SecretId' },
};
