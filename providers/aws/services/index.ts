import type { Service } from '../../../src/domain/call.ts';
import { cloudtrail } from './cloudtrail.ts';
import { ec2 } from './ec2.ts';
import { iam } from './iam.ts';
import { kms } from './kms.ts';
import { logs } from './logs.ts';
import { rds } from './rds.ts';
import { s3 } from './s3.ts';
import { secretsmanager } from './secretsmanager.ts';
import type { ServiceRecord } from './service.ts';
import { ssm } from './ssm.ts';
import { sts } from './sts.ts';

/** The services of AWS that aiplan speaks to: the table that everything about a service is looked up in. */
export const services: Readonly<Record<Service, ServiceRecord>> = {
  ec2,
  rds,
  s3,
  sts,
  cloudtrail,
  ssm,
  secretsmanager,
  kms,
  iam,
  logs,
};

/** The record of a service; undefined for one that aiplan does not speak to. */
export const serviceOf = (name: string): ServiceRecord | undefined =>
  Object.hasOwn(services, name) ? services[name as Service] : undefined;

/** The IAM actions that an operation needs, `s3:ListObjectVersions` → `s3:ListBucketVersions`. Never empty. */
export function actionsOf(operation: string): readonly string[] {
  const [service = '', name = ''] = operation.split(':');
  return (
    serviceOf(service)
      ?.actions?.get(name)
      ?.map((action) => `${service}:${action}`) ?? [operation]
  );
}

/** The IAM actions of an operation that are not called like it, as a member; none where they are. */
export const permissionsOf = (operation: string): { readonly permissions?: readonly string[] } => {
  const actions = actionsOf(operation);
  return actions.length === 1 && actions[0] === operation ? {} : { permissions: actions };
};

/** Whether an operation is a data event, which only a trail with data events has. */
export function isDataEvent(operation: string): boolean {
  const [service = '', name = ''] = operation.split(':');
  return serviceOf(service)?.dataEvents?.test(name) === true;
}

/** Whether an event of CloudTrail is of this operation, `s3:PutBucketLifecycleConfiguration` say. */
export function isLoggedAs(operation: string, source: string, event: string): boolean {
  const [service = '', name = ''] = operation.split(':');
  if (source !== `${service}.amazonaws.com`) return false;
  const loggedAs = serviceOf(service)?.loggedAs ?? ((same: string) => same);
  return loggedAs(name) === loggedAs(event);
}
