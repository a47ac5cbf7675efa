import { resolve } from 'node:path';
import { UserError } from '../../base/error.ts';
import { awsSecret } from './aws-secrets.ts';
import type { SecretRef } from '../../base/json.ts';
import type { SecretSource } from '../../domain/records/ports.ts';
import { readWhole } from '../../store/objects/files.ts';
import type { CommandContext } from './command-context.ts';

/**
 * Secrets that a change plan names: variables with an allowed prefix, files that the outside configuration lists,
 * secrets of Secrets Manager and secure parameters with an allowed name. One of AWS is read once, in the checks before
 * the first step, and kept in memory.
 */
export function secretSource({
  io,
  configuration,
  secretReader,
}: Pick<CommandContext, 'io' | 'configuration' | 'secretReader'>): SecretSource {
  const known = new Map<string, Promise<string>>();
  return {
    async resolve(ref: SecretRef) {
      const { env, file, manager, parameter } = ref.$secret;
      if (manager !== undefined || parameter !== undefined) {
        const key = JSON.stringify(ref.$secret);
        const text = known.get(key) ?? awsSecret(ref, { prefixes: configuration.secretPrefixes, reader: secretReader });
        known.set(key, text);
        text.catch(() => known.delete(key));
        return text;
      }
      if (env !== undefined) {
        if (!configuration.secretPrefixes.some((prefix) => env.startsWith(prefix))) {
          throw new UserError('secret-not-allowed', `the variable "${env}" may not be read`, {
            help: `its name must start with ${configuration.secretPrefixes.join(' or ')}, or add \`secret_prefixes\` to your configuration`,
          });
        }
        const text = io.environment[env];
        if (text === undefined || text === '')
          throw new UserError('secret-missing', `the variable "${env}" is not set`, {
            help: 'set it for this command',
          });
        return text;
      }
      const path = resolve(io.current, file ?? '');
      if (!configuration.secretFiles.includes(path)) {
        throw new UserError('secret-not-allowed', `the file "${file ?? ''}" may not be read`, {
          help: 'add its full path to `secret_files` in your configuration, outside the working tree',
        });
      }
      const text = readWhole(path)?.replace(/\r?\n$/u, '');
      if (text === undefined || text === '')
        throw new UserError('secret-missing', `the file "${file ?? ''}" is missing or empty`, {
          help: 'write the secret into it',
        });
      return text;
    },
  };
}
