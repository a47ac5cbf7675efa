import type { AwsSession, ReadCall } from '../../domain/call.ts';
import { AwsError, UserError } from '../../base/error.ts';
import { isObject, type JsonObject, type SecretRef } from '../../base/json.ts';
import { sanitise } from '../../base/sanitise.ts';

export interface AwsSecretPorts {
  /** The prefixes that the name of a secret may have. */
  readonly prefixes: readonly string[];
  /** Opens a session that may read exactly this secret. */
  readonly reader: (name: string) => Promise<AwsSession & { close(): void }>;
}

/** A read of one secret: its name, the call, and how the text is taken from the answer. */
interface Asked {
  readonly name: string;
  readonly call: ReadCall;
  readonly words: string;
  readonly text: (answer: JsonObject) => string | undefined;
}

/**
 * The text of a secret of Secrets Manager or of a secure parameter. Throws UserError `secret-not-allowed`,
 * `secret-missing`, `secret-denied`; none of them says anything of the text.
 */
export async function awsSecret(ref: SecretRef, { prefixes, reader }: AwsSecretPorts): Promise<string> {
  const { manager, parameter } = ref.$secret;
  const asked = manager === undefined ? askedParameter(parameter ?? '') : askedSecret(manager);
  const plain = asked.name.replace(/^arn:.*:secret:/u, '');
  if (!prefixes.some((prefix) => plain.startsWith(prefix) || plain.replace(/^\//u, '').startsWith(prefix))) {
    throw new UserError('secret-not-allowed', `the ${asked.words} "${sanitise(plain)}" may not be read`, {
      help: `its name must start with ${prefixes.join(' or ')}, or add \`secret_prefixes\` to your configuration`,
    });
  }
  const session = await reader(asked.name);
  try {
    const answer = await session.read(asked.call);
    const text = answer === null ? undefined : asked.text(answer);
    if (text === undefined || text === '')
      throw new UserError(
        'secret-missing',
        `there is no ${asked.words} "${sanitise(plain)}", or not the key or version that the change plan names`,
        { help: 'check the name, and the key behind SecretString' },
      );
    return text;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const operation = `${asked.call.service}:${asked.call.operation}`;
    throw new UserError(
      'secret-denied',
      `the ${asked.words} "${sanitise(plain)}" could not be read: ${operation}: ${sanitise(error.code)}: ${sanitise(error.message)}`,
      { help: `allow ${operation}, and kms:Decrypt on the key of the secret` },
    );
  } finally {
    session.close();
  }
}

const askedParameter = (name: string): Asked => ({
  name,
  words: 'secure parameter',
  call: {
    service: 'ssm',
    operation: 'GetParameter',
    input: { Name: name, WithDecryption: true },
    absent: ['ParameterNotFound', 'ParameterVersionNotFound'],
  },
  text: (answer) => {
    const found = answer['Parameter'];
    return isObject(found) && typeof found['Value'] === 'string' ? found['Value'] : undefined;
  },
});

/** `id:SecretString:key:stage:version`; the id may be an ARN ("Dynamic references", CloudFormation user guide). */
function askedSecret(reference: string): Asked {
  const name =
    /^arn:[\w-]+:secretsmanager:[\w-]*:\d*:secret:[^:]+/u.exec(reference)?.[0] ?? reference.split(':')[0] ?? reference;
  const [, key = '', stage = '', version = ''] = reference.slice(name.length + 1).split(':');
  return {
    name,
    words: 'secret',
    call: {
      service: 'secretsmanager',
      operation: 'GetSecretValue',
      input: {
        SecretId: name,
        ...(stage === '' ? {} : { VersionStage: stage }),
        ...(version === '' ? {} : { VersionId: version }),
      },
      absent: ['ResourceNotFoundException'],
    },
    text: (answer) => {
      const text = answer['SecretString'];
      return typeof text !== 'string' ? undefined : key === '' ? text : memberOf(text, key);
    },
  };
}

function memberOf(json: string, key: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    const member = isObject(parsed) && Object.hasOwn(parsed, key) ? parsed[key] : undefined;
    return typeof member === 'string'
      ? member
      : typeof member === 'number' || typeof member === 'boolean'
        ? String(member)
        : undefined;
  } catch {
    // A secret that is no JSON has no keys; its text stands in no message.
    return undefined;
  }
}
