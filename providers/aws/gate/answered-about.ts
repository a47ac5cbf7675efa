import type { ReadCall } from '../../../src/domain/call.ts';
import { AwsError } from '../../../src/base/error.ts';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import { serviceOf } from '../services/index.ts';
import type { AnsweredAbout } from '../services/service.ts';

/**
 * Holds the answer of a read against its question. Throws AwsError `UnexpectedAnswer` where the answer lists something
 * that the question leaves out: an endpoint that ignores a filter would else pass for one that shows a resource, or
 * hides its absence. A parameter or filter that the record of the service does not name is not checked.
 */
export function requireAnswerAbout(call: Pick<ReadCall, 'service' | 'operation' | 'input'>, output: JsonObject): void {
  const name = `${call.service}:${call.operation}`;
  const { answers = {} } = serviceOf(call.service) ?? {};
  const listing = Object.hasOwn(answers, call.operation) ? answers[call.operation] : undefined;
  if (listing === undefined) return;
  const asked = questions(call.input, listing);
  if (asked.length === 0) return;
  for (const item of itemsOf(output, listing.path)) {
    for (const { label, values, found } of asked) {
      const value = found(item);
      if (value === undefined || values.has(value.toLowerCase())) continue;
      throw new AwsError({
        code: 'UnexpectedAnswer',
        kind: 'unknown',
        operation: name,
        executed: 'no',
        message: `the endpoint answered about "${value}" although ${label} asks for ${[...values]
          .slice(0, 3)
          .map((text) => `"${text}"`)
          .join(', ')}${values.size > 3 ? ` and ${values.size - 3} more` : ''}; it ignores the filter`,
      });
    }
  }
}

interface Question {
  readonly label: string;
  readonly values: ReadonlySet<string>;
  readonly found: (item: JsonObject) => string | undefined;
}

/** Identities, in lower case: RDS keeps names in it, and EC2's ids have no other. Patterns are not compared. */
function questions(input: JsonObject, { asks }: AnsweredAbout): readonly Question[] {
  const named = Object.entries(input).flatMap(([parameter, value]) => question(parameter, asks[parameter], value));
  const filters = (Array.isArray(input['Filters']) ? (input['Filters'] as readonly Json[]) : []).flatMap((filter) => {
    const { Name: label, Values: values } = isObject(filter) ? filter : {};
    if (typeof label !== 'string') return [];
    return label.startsWith('tag:') ? tagQuestion(label, values) : question(label, asks[label], values);
  });
  return [...named, ...filters];
}

function question(label: string, field: string | undefined, value: Json | undefined): readonly Question[] {
  const values = textsOf(value);
  return field === undefined || values === null ? [] : [{ label, values, found: (item) => textOf(item[field]) }];
}

function tagQuestion(label: string, value: Json | undefined): readonly Question[] {
  const values = textsOf(value);
  const key = label.slice('tag:'.length);
  const found = (item: JsonObject): string | undefined => {
    const tags = item['Tags'];
    const tag = (Array.isArray(tags) ? (tags as readonly Json[]) : []).find(
      (one) => isObject(one) && one['Key'] === key,
    );
    return isObject(tag) ? textOf(tag['Value']) : undefined;
  };
  return values === null ? [] : [{ label, values, found }];
}

/** The texts that are asked for; null where there is none, or where one is a pattern or an ARN. */
function textsOf(value: Json | undefined): ReadonlySet<string> | null {
  const list = typeof value === 'string' ? [value] : Array.isArray(value) ? (value as readonly Json[]) : [];
  const texts = list.filter((one): one is string => typeof one === 'string');
  return texts.length === 0 || texts.some((text) => /[*?]|^arn:/u.test(text))
    ? null
    : new Set(texts.map((text) => text.toLowerCase()));
}

const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

function itemsOf(output: JsonObject, path: readonly string[]): readonly JsonObject[] {
  let items: readonly JsonObject[] = [output];
  for (const name of path)
    items = items.flatMap((item) =>
      Array.isArray(item[name]) ? (item[name] as readonly Json[]).filter(isObject) : [],
    );
  return items;
}
