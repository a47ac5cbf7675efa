import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { Codec } from './codec.ts';
import { listOf, objectOf, objectsOf, same, textOf } from './values.ts';

/*
 * Access control lists. CloudFormation knows only canned ones; any other is one text that says every grant, so that a
 * plan shows it, a change of it is judged, and its list can be put back as it was:
 * `custom: owner FULL_CONTROL, id=79a5… READ, uri=http://acs.amazonaws.com/groups/s3/LogDelivery WRITE`.
 */

const ALL_USERS = 'uri=http://acs.amazonaws.com/groups/global/AllUsers';
const AUTHENTICATED = 'uri=http://acs.amazonaws.com/groups/global/AuthenticatedUsers';
export const LOG_DELIVERY = 'uri=http://acs.amazonaws.com/groups/s3/LogDelivery';

const OWN = 'owner FULL_CONTROL';
const CUSTOM = 'custom: ';

/** Canned ACLs by the grants beside the owner's full control (S3 User Guide, "Canned ACL"). */
const CANNED: Readonly<Record<string, { readonly api: string; readonly grants: readonly string[] }>> = {
  Private: { api: 'private', grants: [] },
  PublicRead: { api: 'public-read', grants: [`${ALL_USERS} READ`] },
  PublicReadWrite: { api: 'public-read-write', grants: [`${ALL_USERS} READ`, `${ALL_USERS} WRITE`] },
  AuthenticatedRead: { api: 'authenticated-read', grants: [`${AUTHENTICATED} READ`] },
  LogDeliveryWrite: { api: 'log-delivery-write', grants: [`${LOG_DELIVERY} READ_ACP`, `${LOG_DELIVERY} WRITE`] },
};
/** Canned lists that S3 answers as grants of the owner alone, or of somebody whose id AWS does not publish. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  BucketOwnerRead: [],
  BucketOwnerFullControl: [],
  AwsExecRead: ['Amazon EC2 READ'],
};

/** A grantee as a text that names exactly one, or `unknown`. */
function granteeText(grantee: JsonObject, owner: string | undefined): string {
  const id = textOf(grantee['ID']);
  if (id !== undefined) return id === owner ? 'owner' : `id=${id}`;
  const [uri, email] = [textOf(grantee['URI']), textOf(grantee['EmailAddress'])];
  return uri !== undefined ? `uri=${uri}` : email !== undefined ? `email=${email}` : 'unknown';
}
const grantTexts = (list: Json | undefined, owner?: string): readonly string[] =>
  objectsOf(list)
    .map(
      (grant) =>
        `${granteeText(objectOf(grant['Grantee']), owner)} ${textOf(grant['Permission']) ?? 'an unknown right'}`,
    )
    .sort();

/** A grant that `granteeText` wrote; the owner's id is put in when the list is sent. What it cannot say S3 refuses. */
function grantOf(text: string): JsonObject {
  const [who = '', permission = ''] = text.trim().split(' ');
  const value = who.slice(who.indexOf('=') + 1);
  const grantee: JsonObject = who.startsWith('uri=')
    ? { Type: 'Group', URI: value }
    : who.startsWith('email=')
      ? { Type: 'AmazonCustomerByEmail', EmailAddress: value }
      : { Type: 'CanonicalUser', ID: who === 'owner' ? OWNER : value };
  return { Grantee: grantee, Permission: permission };
}
const OWNER = '$owner';
const grantsOf = (text: string): readonly JsonObject[] =>
  text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(grantOf);

/** A list of grants as one text, `id=79a5… READ, uri=… WRITE`. */
export const grants: Codec = {
  toCfn: (api) => (listOf(api).length === 0 ? undefined : grantTexts(api).join(', ')),
  toApi: (cfn) => (typeof cfn === 'string' ? grantsOf(cfn) : undefined),
};

/** The grants of an ACL beside the owner's full control, one text each, sorted. */
export const foreignGrants = (acl: Json | undefined): readonly string[] =>
  grantTexts(objectOf(acl)['Grants'], textOf(objectOf(objectOf(acl)['Owner'])['ID'])).filter((text) => text !== OWN);

/** What a value of `AccessControl` gives to others than the owner; undefined where nobody knows. */
export function givenBy(value: Json | undefined): readonly string[] | undefined {
  const text = textOf(value);
  if (text === undefined) return undefined;
  if (text.startsWith(CUSTOM))
    return text
      .slice(CUSTOM.length)
      .split(', ')
      .filter((grant) => grant !== OWN && grant !== '');
  return CANNED[text]?.grants ?? OTHERS[text];
}

/** An ACL as a canned one where it is equal to one, else as the text of its grants; the API side of a canned one is `{ canned }`. */
export const accessControlList: Codec = {
  toCfn(api) {
    const texts = grantTexts(objectOf(api)['Grants'], textOf(objectOf(objectOf(api)['Owner'])['ID']));
    const canned = Object.entries(CANNED).find(([, list]) => same([OWN, ...list.grants].sort(), texts))?.[0];
    return canned ?? `${CUSTOM}${texts.join(', ')}`;
  },
  toApi(cfn) {
    if (typeof cfn !== 'string') return undefined;
    if (cfn.startsWith(CUSTOM)) return { Grants: grantsOf(cfn.slice(CUSTOM.length)) };
    return { canned: CANNED[cfn]?.api ?? cfn.replace(/(?<=[a-z])(?=[A-Z])/gu, '-').toLowerCase() };
  },
};

/** The list with its owner, which S3 wants said: the one that the bucket has (PutBucketAcl, AccessControlPolicy). */
export function carryOwner(next: Json, previous: Json | null): Json {
  const list = objectOf(next);
  if (list['Grants'] === undefined || list['Owner'] !== undefined) return next;
  const id = textOf(objectOf(objectOf(previous ?? undefined)['Owner'])['ID']) ?? null;
  return {
    Owner: { ID: id },
    Grants: objectsOf(list['Grants']).map((grant) =>
      objectOf(grant['Grantee'])['ID'] === OWNER ? { ...grant, Grantee: { Type: 'CanonicalUser', ID: id } } : grant,
    ),
  };
}
