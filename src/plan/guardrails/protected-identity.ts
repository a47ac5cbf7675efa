import { findingAt } from '../../domain/finding.ts';
import { sanitise } from '../../base/sanitise.ts';
import { perStep } from './guardrail.ts';

/** Whatever the case: a name of RDS is the same in capitals. */
const matches = (pattern: string, identity: string): boolean => {
  const [wanted, name] = [pattern.toLowerCase(), identity.toLowerCase()];
  return wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : name === wanted;
};

/** The name that a create asks for counts as its identity. */
export const protectedIdentity = perStep(
  'protected-identity',
  'identities that the configuration protects are never touched',
  ({ step, entry }, { configuration }) => {
    const asked =
      step.action === 'create'
        ? Object.entries(entry.properties ?? {})
            .filter(([name]) => /(?:Identifier|Name)$/u.test(name))
            .map(([, value]) => value)
        : [];
    const identity = [step.identity, ...asked].find(
      (name) => typeof name === 'string' && configuration.protected.some((pattern) => matches(pattern, name)),
    );
    if (typeof identity !== 'string') return null;
    return findingAt(
      entry,
      entry.id === undefined ? '' : 'id',
      'error',
      'protected-identity',
      `"${sanitise(identity)}" is protected by the configuration`,
      'leave it out of the plan; only a person can take it off the list of protected identities',
    );
  },
);
