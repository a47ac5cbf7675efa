import type { Permit, Service } from '../../../src/domain/call.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { serviceOf } from '../services/index.ts';
import { text, type Surroundings } from '../services/service.ts';

/** The first reason why a declared call may not pass whatever was declared, or null. */
export function refusalOf(
  service: Service,
  operation: string,
  input: JsonObject,
  permit: Permit,
  around: Surroundings,
): string | null {
  const record = serviceOf(service);
  if (record === undefined) return 'aiplan does not speak to this service';
  const { protects = [], tokens } = record;
  for (const rule of protects) {
    const reason = rule.operations.test(operation) ? rule.refuses(input, permit, operation, around) : null;
    if (reason !== null) return reason;
  }
  return tokens?.operations.includes(operation) === true && text(input[tokens.parameter]) === ''
    ? `it has no ${tokens.parameter}, so a lost answer could not be told from none`
    : null;
}
