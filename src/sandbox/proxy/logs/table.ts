import type { ProxiedService } from '../protocol/proxied.ts';

/** Errors of each operation: CloudWatch Logs API reference. */
export const logs: ProxiedService = {};
