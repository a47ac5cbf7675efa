import { asLiteral } from './values/placeholders.ts';
import { parameterOf, zonesOf } from './functions/dynamic-references.ts';
import type { ChangePlan, ResourceEntry } from '../domain/change-plan.ts';
import { isObject, isSecretRef, type Json, type JsonObject } from '../base/json.ts';

/**
 * A change plan as plain JSON of the language itself (`depends_on`, `{ "Fn::Env": … }`), which parses to the same
 * thing. `rollbackOf` and `restore` are no part of the language: a generated rollback is made again from its run, never
 * read back.
 */
export function toLanguage(plan: ChangePlan): JsonObject {
  return {
    aiplan: 1,
    name: plan.name,
    intent: plan.intent,
    ...(plan.author === undefined ? {} : { author: plan.author }),
    ...(plan.assume.length === 0 ? {} : { assume: plan.assume }),
    target: { account: plan.target.account, region: plan.target.region },
    resources: Object.fromEntries(
      plan.resources.filter(({ lookup }) => lookup !== true).map((entry) => [entry.address, entryToLanguage(entry)]),
    ),
  };
}

/** One entry, its fields in the order in which people write them. */
function entryToLanguage(entry: ResourceEntry): JsonObject {
  const { type, action, id, find, when, order, carry, reason, acceptLoss, dependsOn, rotate, expect, properties } =
    entry;
  const fields: Record<string, Json | undefined> = {
    type,
    action,
    id,
    find: longForm(find),
    when,
    order,
    carry,
    reason,
    accept_loss: acceptLoss,
    depends_on: dependsOn.length === 0 ? undefined : dependsOn,
    rotate,
    expect: longForm(expect),
    properties: longForm(properties),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The text from which a look-up was made. */
function lookupText(value: JsonObject): Json | null {
  const attribute = value['Fn::GetAtt'];
  const address = Array.isArray(attribute) && typeof attribute[0] === 'string' ? attribute[0] : '';
  const parameter = parameterOf(address);
  const zones = zonesOf(address);
  return parameter !== null ? `{{resolve:ssm:${parameter}}}` : zones !== null ? { 'Fn::GetAZs': zones } : null;
}

function longForm(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item: Json) => longForm(item) ?? null);
  if (typeof value === 'string') return asLiteral(value);
  if (!isObject(value)) return value;
  if (isSecretRef(value)) {
    const { env, file, manager, parameter } = value.$secret;
    if (manager !== undefined) return `{{resolve:secretsmanager:${manager}}}`;
    if (parameter !== undefined) return `{{resolve:ssm-secure:${parameter}}}`;
    if (env !== undefined) return { 'Fn::Env': env };
    if (file !== undefined) return { 'Fn::File': file };
  }
  const looked = lookupText(value);
  if (looked !== null) return looked;
  if (value['$any'] === true) return { 'Fn::Any': true };
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, longForm(item)]),
  );
}
