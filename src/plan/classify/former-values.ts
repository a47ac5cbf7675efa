import type { TypeRules } from '../../domain/resource-type.ts';
import type { PropertyType, TypeSchema } from '../../domain/schema.ts';
import { anyFormer, type FormerValues } from './rule-hits.ts';

/**
 * The possible values of a property or member that AWS did not answer: what `rules.unset` says that its absence means,
 * or any value that the schema allows (law 9).
 */
export function formerValues({ unset }: Pick<TypeRules, 'unset'>, schema: TypeSchema | undefined): FormerValues {
  return (path) => {
    const meaning = unset?.[path];
    if (meaning !== undefined) return meaning === null ? [] : [meaning];
    return [...allowedValues(path, schema), ...anyFormer];
  };
}

function allowedValues(path: string, schema: TypeSchema | undefined): readonly (string | number)[] {
  const [top = '', ...names] = path.split('.');
  let member = schema?.properties[top];
  let type: PropertyType | undefined = member?.type;
  for (const name of names) {
    if (type?.kind === 'union') type = type.types.find(({ kind }) => kind === 'object');
    if (name === '*') type = type?.kind === 'list' || type?.kind === 'map' ? type.element : undefined;
    else {
      member = type?.kind === 'object' ? schema?.definitions[type.definition]?.[name] : undefined;
      type = member?.type;
    }
  }
  return member?.values ?? [];
}
