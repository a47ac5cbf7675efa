import { keepSecret, look, type Call, type Program } from '../../../../src/domain/call.ts';
import { UserError } from '../../../../src/base/error.ts';
import { isMasked, isSecretRef, type Json, type SecretRef } from '../../../../src/base/json.ts';
import type { StepContext } from '../../../../src/domain/resource-type.ts';
import { objectOf, secretJson, textOf } from '../../../aws/values/fields.ts';

/**
 * The user data of a live instance, kept as an encrypted object in its base64 form, so that bytes that are no text
 * survive; null where it has none. DescribeInstanceAttribute answers base64.
 */
export function* keepUserData(context: StepContext, identity: string): Program<SecretRef | null> {
  const answer = yield* look(
    { service: 'ec2', operation: 'DescribeInstanceAttribute', input: { InstanceId: identity, Attribute: 'userData' } },
    { UserData: { Value: 'cHJldmlldw==' } },
  );
  const encoded = textOf(objectOf(answer?.['UserData'])['Value']);
  return encoded === undefined ? null : yield* keepSecret(`${context.captureName}-user-data`, encoded);
}

/**
 * User data as RunInstances takes it, base64: of the author's text, of a kept secret (already base64), or of the live
 * instance that a replace copies. Undefined where there is none.
 */
export function* userDataForRun(context: StepContext): Program<Json | undefined> {
  const wanted = context.desired['UserData'];
  if (isSecretRef(wanted)) return wanted;
  if (typeof wanted === 'string') return wanted === '' ? undefined : Buffer.from(wanted, 'utf8').toString('base64');
  if (!isMasked(wanted)) return undefined;
  if (context.live === null)
    throw new UserError(
      'user-data-unknown',
      `step "${context.step}" would write user data that only stands masked in the plan`,
    );
  const kept = yield* keepUserData(context, context.live.identity);
  return kept === null ? undefined : secretJson(kept);
}

/**
 * The call that sets user data on a stopped instance. The author's text goes as raw bytes, which the SDK encodes; a
 * kept secret is base64 already and goes by attribute name (ModifyInstanceAttribute: `Attribute`, `Value`). An empty
 * text removes it.
 */
export function modifyUserData(identity: string, wanted: Json | undefined): Call {
  const input = isSecretRef(wanted)
    ? { InstanceId: identity, Attribute: 'userData', Value: wanted }
    : { InstanceId: identity, UserData: { Value: { $bytes: typeof wanted === 'string' ? wanted : '' } } };
  return {
    service: 'ec2',
    operation: 'ModifyInstanceAttribute',
    input,
    identity,
    retry: 'absolute',
    purpose: 'set the user data',
  };
}
