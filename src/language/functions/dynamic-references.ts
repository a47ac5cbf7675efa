/** A dynamic reference of CloudFormation ("Using dynamic references to specify template values"). */
export type DynamicReference =
  /** `identity`: name, and `:version` where one is asked for; what GetParameters takes. */
  | { readonly kind: 'parameter'; readonly identity: string }
  | { readonly kind: 'secure-parameter'; readonly identity: string }
  /** `reference`: what stands behind `secretsmanager:`. */
  | { readonly kind: 'secret'; readonly reference: string; readonly name: string }
  | { readonly kind: 'wrong'; readonly why: string };

const PATTERN = /\{\{resolve:([^{}]*)\}\}/gu;

export const holdsDynamic = (text: string): boolean => text.includes('{{resolve:');

/** The pieces of a text: plain text and dynamic references. */
export function dynamicPieces(text: string): readonly (string | DynamicReference)[] {
  const pieces: (string | DynamicReference)[] = [];
  let at = 0;
  for (const found of text.matchAll(PATTERN)) {
    if (found.index > at) pieces.push(text.slice(at, found.index));
    pieces.push(readDynamic(found[1] ?? ''));
    at = found.index + found[0].length;
  }
  if (at < text.length) pieces.push(text.slice(at));
  return pieces;
}

function readDynamic(inside: string): DynamicReference {
  const colon = inside.indexOf(':');
  const service = colon < 0 ? inside : inside.slice(0, colon);
  const rest = colon < 0 ? '' : inside.slice(colon + 1);
  switch (service) {
    case 'ssm':
    case 'ssm-secure': {
      const found = /^([\w./-]{1,2048}|arn:[\w:./-]{1,2048}?)(?::(\d{1,10}))?$/u.exec(rest);
      if (found === null)
        return { kind: 'wrong', why: `write  {{resolve:${service}:NAME}}  or  {{resolve:${service}:NAME:VERSION}}` };
      const identity = `${found[1]}${found[2] === undefined ? '' : `:${found[2]}`}`;
      return service === 'ssm' ? { kind: 'parameter', identity } : { kind: 'secure-parameter', identity };
    }
    case 'secretsmanager': {
      const found =
        /^(arn:[\w-]+:secretsmanager:[\w-]*:\d*:secret:[^:\s]+|[^:\s]+)(?::SecretString)?(?::[^:]*){0,3}$/u.exec(rest);
      if (found === null) return { kind: 'wrong', why: 'write  {{resolve:secretsmanager:NAME:SecretString:KEY}}' };
      return { kind: 'secret', reference: rest, name: (found[1] ?? '').replace(/^arn:.*:secret:/u, '') };
    }
    default:
      return { kind: 'wrong', why: 'the services are ssm, ssm-secure and secretsmanager' };
  }
}

/** Type and address of the look-up that stands for a plain parameter. Dots would read as a path. */
export const parameterType = 'AWS::SSM::Parameter';
export const parameterAddress = (identity: string): string =>
  `{{resolve:ssm:${identity.replaceAll('%', '%25').replaceAll('.', '%2E')}}}`;
/** Type and address of the look-up that stands for the Availability Zones of a region. */
export const zonesType = 'AWS::EC2::AvailabilityZones';
export const zonesAddress = (region: string): string => `GetAZs:${region}`;

/** The name from which `parameterAddress` was made; null for any other address. */
export function parameterOf(address: string): string | null {
  const found = /^\{\{resolve:ssm:(.*)\}\}$/u.exec(address);
  return found === null ? null : (found[1] ?? '').replaceAll('%2E', '.').replaceAll('%25', '%');
}
export const zonesOf = (address: string): string | null =>
  address.startsWith('GetAZs:') ? address.slice('GetAZs:'.length) : null;
