import { serviceOf } from '../../../providers/aws/services/index.ts';
import type { Protocol } from '../../../providers/aws/services/service.ts';
import { ec2 } from './ec2/table.ts';
import { iam } from './iam/table.ts';
import { kms } from './kms/table.ts';
import { logs } from './logs/table.ts';
import type { ProxiedService } from './protocol/proxied.ts';
import { rds } from './rds/table.ts';
import { s3 } from './s3/table.ts';
import { sts } from './sts/table.ts';

/** Every service of which the proxy knows more than its protocol. */
const proxied: Readonly<Record<string, ProxiedService>> = { ec2, iam, kms, logs, rds, s3, sts };

/** The record of a service; an empty one of a service that only passes through. */
export const proxiedOf = (service: string): ProxiedService =>
  Object.hasOwn(proxied, service) ? (proxied[service] ?? {}) : {};

/** How a service is spoken to; a form for one that is in no table. */
export const protocolOf = (service: string): Protocol => serviceOf(service)?.protocol ?? 'query';
