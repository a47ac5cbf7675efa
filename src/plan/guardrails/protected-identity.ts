import { isUnknown } from '../../base/json.ts';
import { findingAt } from '../../domain/finding.ts';
import type { Finding } from '../../domain/finding.ts';
import { sanitise } from '../../base/sanitise.ts';
import { perStep, type Judged, type ValueInput } from './guardrail.ts';

/** Whatever the case: a name of RDS is the same in capitals. */
const matches = (pattern: string, identity: string): boolean => {
  const [wanted, name] = [pattern.toLowerCase(), identity.toLowerCase()];
  return wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
};

/**
 * The name that a create asks for counts as its identity, however it reaches the property; one that is not known yet
 * may be a protected one.
 */
export function protectedIdentityFinding(
  { step, entry, desired, nameProperty }: Pick<Judged, 'step' | 'entry' | 'desired' | 'nameProperty'>,
  { configuration }: Pick<ValueInput, 'configuration'>,
): Finding | null {
  const asked =
    step.action === 'create'
      ? Object.entries({ ...entry.properties, ...desired })
          .filter(([name]) => /(?:Identifier|Name)$/u.test(name))
          .map(([, value]) => value)
      : [];
  const identity = [step.identity, ...asked].find(
    (name) => typeof name === 'string' && configuration.protected.some((pattern) => matches(pattern, name)),
  );
  const at = entry.id === undefined ? '' : 'id';
  const help = 'leave it out of the plan; only a person can take it off the list of protected identities';
  if (typeof identity === 'string')
    return findingAt(
      entry,
      at,
      'error',
      'protected-identity',
      `"${sanitise(identity)}" is protected by the configuration`,
      help,
    );
  const isOpen = step.action === 'create' && nameProperty !== null && isUnknown(desired[nameProperty]);
  return configuration.protected.length > 0 && isOpen
    ? findingAt(
        entry,
        `properties.${nameProperty}`,
        'error',
        'protected-identity',
        `the name is not known yet, and the configuration protects ${configuration.protected.map(sanitise).join(', ')}`,
        'write the name',
      )
    : null;
}

export const protectedIdentity = perStep(
  'protected-identity',
  'identities that the configuration protects are never touched',
  protectedIdentityFinding,
);
