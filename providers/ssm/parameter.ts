import type { AwsReader } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource, ReadFailure } from '../../src/domain/live.ts';
import type { ReadQuery, ReadResult, ResourceType } from '../../src/domain/resource-type.ts';
import { attempt, failureOf } from '../aws/values/batches.ts';
import { listOf, textOf, textsOf } from '../aws/values/fields.ts';

const type = 'AWS::SSM::Parameter';
/** Most names that one GetParameters takes (SSM API reference). */
const MOST = 10;

/** Reads parameters by name, and `:version` where one is asked for: GetParameters, ten at a time, never decrypted. */
async function readParameters(aws: AwsReader, { identities }: ReadQuery): Promise<ReadResult> {
  const resources: LiveResource[] = [];
  const failures: ReadFailure[] = [];
  const absent: string[] = [];
  for (let at = 0; at < identities.length; at += MOST) {
    const names = identities.slice(at, at + MOST);
    const answer = await attempt(aws.read({ service: 'ssm', operation: 'GetParameters', input: { Names: names } }));
    if (!answer.ok) {
      failures.push(...names.map((name) => failureOf(type, name, answer.error)));
      continue;
    }
    const found = listOf(answer.value?.['Parameters']);
    for (const identity of names) {
      const one = asked(identity, found);
      if (one === undefined) continue;
      if (textOf(one['Type']) === 'SecureString') {
        failures.push({
          type,
          identity,
          code: 'SecureString',
          message:
            'ssm:GetParameters: the parameter is a SecureString, which a plan never shows; in a secret property write {{resolve:ssm-secure:…}}',
        });
      } else resources.push(parameter(identity, textOf(one['Value']) ?? '', textOf(one['Type']) ?? 'String'));
    }
    absent.push(...textsOf(answer.value?.['InvalidParameters']).filter((name) => names.includes(name)));
  }
  return { resources, absent, failures };
}

/**
 * The answer for a name, or for `name:version`; a name may be an ARN. Without a version the newest one is asked for.
 */
function asked(identity: string, answers: readonly JsonObject[]): JsonObject | undefined {
  const version = /:(\d+)$/u.exec(identity)?.[1];
  const name = version === undefined ? identity : identity.slice(0, -version.length - 1);
  const named = answers.filter((one) => [textOf(one['Name']), textOf(one['ARN'])].includes(name));
  if (version !== undefined)
    return named.find((one) => textOf(one['Selector']) === `:${version}` || String(one['Version']) === version);
  return named
    .filter((one) => one['Selector'] === undefined || one['Selector'] === null)
    .toSorted((a, b) => Number(b['Version'] ?? 0) - Number(a['Version'] ?? 0))[0];
}

const parameter = (identity: string, value: string, kind: string): LiveResource => ({
  type,
  identity,
  incarnation: identity,
  properties: { Value: value, Type: kind },
  attributes: { Value: value, Type: kind },
  systemTags: {},
  state: 'present',
  pending: {},
  binding: {},
  observed: {},
  detailed: true,
});

/**
 * `{{resolve:ssm:NAME}}`: a plain parameter, read at plan time. Identity: its name, and `:version`. No entry of a plan
 * has this type.
 */
export const ssmParameter: ResourceType = {
  type,
  service: 'ssm',
  managed: false,
  rules: {
    properties: { Value: { create: false } },
    compare: {},
    keys: {},
    secretInput: [],
    sensitive: [],
    volatile: [],
    destructive: [],
    grants: [],
    changeableStates: [],
    goneStates: [],
    duplicate: () => null,
    leftovers: () => [],
  },
  read: readParameters,
  iam: { read: ['ssm:GetParameters'], write: [], capture: [], restore: [] },
};
