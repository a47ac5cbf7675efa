import type { ProxiedService } from '../protocol/proxied.ts';

/** Only asked who is calling. */
export const sts: ProxiedService = { version: '2011-06-15' };
