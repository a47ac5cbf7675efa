/** The Secrets Manager client: secrets that a secret property names. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

export const Client = SecretsManagerClient;
export const commands = {
  GetSecretValue: GetSecretValueCommand,
};
