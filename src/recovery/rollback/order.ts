import type { ResourceEntry } from '../../domain/change-plan.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';

/** Identities that are names, and which of them the properties of a type refer to. */
export interface Chosen {
  readonly identities: ReadonlySet<string>;
  readonly referredTo: (type: string, properties: JsonObject) => readonly string[];
}

const noneChosen: Chosen = { identities: new Set(), referredTo: () => [] };

/**
 * Puts the entries of a rollback in order: as given (the reverse of the run), but what restores something comes before
 * what names it, and after what brings it along (`bringers`: former identities). A value that is a former identity
 * becomes a reference to the entry that restores it; in a circle the first one keeps the former identity, and
 * re-pointing or the restore itself mends it. A restore order keeps the identities of the journal, by which it is
 * proved; the programs of the restore pass them through `context.remap`. An identity that somebody chose (`chosen`), as
 * the name of a database, may be any text, such as the name of a group: only a property that refers to such a resource
 * names it, and it comes back as it was. Pure.
 */
export function orderRollback(
  entries: readonly ResourceEntry[],
  known: ReadonlyMap<string, string>,
  bringers: ReadonlyMap<string, string> = new Map(),
  chosen: Chosen = noneChosen,
): readonly ResourceEntry[] {
  const wordsOf = (type: string, properties: JsonObject | undefined): readonly string[] => {
    const texts = textsIn(properties ?? null);
    return texts.some((text) => chosen.identities.has(text))
      ? [...texts.filter((text) => !chosen.identities.has(text)), ...chosen.referredTo(type, properties ?? {})]
      : texts;
  };
  const restores = new Map(
    entries.flatMap((entry) => (entry.restore === undefined ? [] : [[entry.restore.formerIdentity, entry] as const])),
  );
  const done = new Set<string>();
  const open = new Set<string>();
  const order: ResourceEntry[] = [];
  const visit = (entry: ResourceEntry): void => {
    if (done.has(entry.address) || open.has(entry.address)) return;
    open.add(entry.address);
    const bringer = restores.get(bringers.get(entry.restore?.formerIdentity ?? '') ?? '');
    if (bringer !== undefined) visit(bringer);
    for (const identity of wordsOf(entry.type, entry.properties)) {
      const other = restores.get(identity);
      if (other !== undefined && other !== entry) visit(other);
    }
    open.delete(entry.address);
    done.add(entry.address);
    order.push(linked(entry));
  };
  const before = new Set<string>();
  const namedBy = new Map<string, string[]>();
  const linked = (entry: ResourceEntry): ResourceEntry => {
    const properties = substitute(entry.properties ?? {}, (text) => {
      if (chosen.identities.has(text)) return text;
      const other = restores.get(text);
      if (other !== undefined && other.address !== entry.address && before.has(other.address))
        return { Ref: other.address };
      return known.get(text) ?? text;
    });
    // A chain: a rollback runs exactly in this order. An entry that an earlier one names says so itself, so that the
    // planner does not take the name for a dependency the other way round.
    const last = order.at(-1);
    const dependsOn = [
      ...new Set([
        ...(last === undefined ? [] : [last.address]),
        ...(entry.id === undefined ? [] : (namedBy.get(entry.id) ?? [])),
      ]),
    ];
    before.add(entry.address);
    for (const text of new Set([
      ...wordsOf(entry.type, entry.properties),
      ...wordsOf(entry.type, entry.restore?.live?.properties),
    ])) {
      const names = namedBy.get(text);
      if (names === undefined) namedBy.set(text, [entry.address]);
      else names.push(entry.address);
    }
    return {
      ...entry,
      ...(entry.properties === undefined ? {} : { properties: properties as NonNullable<ResourceEntry['properties']> }),
      dependsOn,
    };
  };
  for (const entry of entries) visit(entry);
  return order;
}

function textsIn(value: Json | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap((item: Json) => textsIn(item));
  return isObject(value) ? Object.values(value).flatMap(textsIn) : [];
}

function substitute(value: Json, replace: (text: string) => Json): Json {
  if (typeof value === 'string') return replace(value);
  if (Array.isArray(value)) return value.map((item: Json) => substitute(item, replace));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item ?? null, replace)]));
}
