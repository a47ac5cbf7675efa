import type { ProxiedService } from '../protocol/proxied.ts';

/** Errors of each operation: IAM API reference. */
export const iam: ProxiedService = {
  version: '2010-05-08',
  namespace: ' xmlns="https://iam.amazonaws.com/doc/2010-05-08/"',
};
