import type { Json, JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { ChangeRule, PropertyRule, ResourceType, RuleScene } from '../../domain/resource-type.ts';
import type { PropertySchema, TypeSchema } from '../../domain/schema.ts';
import type { Comparer } from '../diff/compare.ts';
import { diffProperties, shown, type Difference } from '../diff/diff.ts';
import { holdsUnknown, withPlaceholders } from '../diff/references.ts';
import { formerValues } from './former-values.ts';
import { overlap, ruleHits, type Hit } from './rule-hits.ts';
import { tagHits } from './tag-verdicts.ts';
import { withoutVerdict } from './verdicts.ts';
import { quote } from '../../domain/wording.ts';
import type { AttributeChange, ChangeEffect } from '../../domain/attribute-change.ts';

/** Why a change cannot be made, by property. */
interface Obstacle {
  readonly code: string;
  readonly property: string;
  readonly message: string;
  readonly help: string;
}

/** The effects of a step's changes beyond their values (law 3). */
export interface Classified {
  readonly changes: readonly AttributeChange[];
  readonly loses: readonly string[];
  /** The part of `loses` that no inverse call undoes. */
  readonly irreversible: readonly string[];
  readonly opens: readonly string[];
  readonly interrupts: boolean;
  readonly oneWay: readonly string[];
  /** Properties that AWS can leave to the maintenance window. */
  readonly deferrable: readonly string[];
  /** Properties that interrupt the service. */
  readonly interrupting: readonly string[];
  readonly obstacles: readonly Obstacle[];
  /** The rules behind `loses` and `opens`, to be held against what is known later. */
  readonly losing: readonly Hit[];
  readonly opening: readonly Hit[];
}

export interface ClassifyInput {
  readonly type: ResourceType;
  readonly schema: TypeSchema | undefined;
  readonly comparer: Comparer;
  /** `{}` for a create. */
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly live: LiveResource | null;
  readonly action: 'create' | 'update' | 'replace';
  /** Whose account it is, and what else was read; rules ask it. */
  readonly scene: Omit<RuleScene, 'after'>;
}

/** Turns differences into changes with their effects. */
export function classify(input: ClassifyInput): Classified {
  const { type, comparer, live, action } = input;
  const differences = diffProperties(input.before, input.after, comparer);
  const after = withPlaceholders(input.after) as JsonObject;
  const former = formerValues(type.rules, input.schema);
  // A new resource has nothing to lose; what it opens is the same as when it is opened later.
  const hits = (rules: readonly ChangeRule[]): readonly Hit[] =>
    ruleHits(rules, input.before, input.after, live, comparer, { ...input.scene, after }, former);
  const unjudged = withoutVerdict(differences, type.rules.verdicts);
  const losing =
    action === 'create'
      ? []
      : [
          ...hits(type.rules.destructive),
          ...tagHits(differences, input.schema?.tagProperty ?? null, input.scene.undoes === true),
          ...unjudged,
        ];
  const opening = [...hits(type.rules.grants), ...(action === 'create' ? unjudged : [])];
  const final = hits(type.rules.oneWay ?? []);
  const properties = new Map<string, Judged>();
  for (const { segments } of differences) {
    const name = segments[0] ?? '';
    if (!properties.has(name))
      properties.set(
        name,
        action === 'create'
          ? { effect: 'in-place' }
          : judgeProperty(name, after[name], input, holdsUnknown(input.after[name])),
      );
  }
  const changes = differences.map((difference) =>
    changeOf(
      difference,
      properties.get(difference.segments[0] ?? '')?.effect ?? 'in-place',
      { losing, opening, final },
      input,
    ),
  );
  const changed = [...properties.keys()];
  const interrupting = changed.filter((name) => properties.get(name)?.effect === 'restart');
  return {
    changes,
    losing,
    opening,
    loses: texts(losing),
    irreversible: texts(losing.filter(({ irreversible }) => irreversible)),
    opens: texts(opening),
    interrupts: interrupting.length > 0,
    interrupting,
    oneWay: [
      ...(action === 'create'
        ? []
        : changed.flatMap((name) =>
            type.rules.properties[name]?.oneWay === undefined ? [] : [`${name}: ${type.rules.properties[name].oneWay}`],
          )),
      ...texts(final),
    ],
    deferrable: action === 'update' ? changed.filter((name) => type.rules.properties[name]?.deferrable === true) : [],
    obstacles: changed.flatMap((name) => properties.get(name)?.obstacle ?? []),
  };
}

type Deciding = Extract<PropertyRule['update'], (...given: never) => unknown>;

interface Judged {
  readonly effect: 'in-place' | 'restart' | 'replace';
  readonly obstacle?: Obstacle;
}

/** The effect of changing a property of a live resource. In a replace, `replace` is the answer, not an obstacle. */
function judgeProperty(
  name: string,
  after: Json | undefined,
  { type, schema, before, after: desired, live, action }: ClassifyInput,
  unknown: boolean,
): Judged {
  const update = type.rules.properties[name]?.update;
  const refuse = (code: string, message: string, help: string): Judged =>
    action === 'replace'
      ? { effect: 'replace' }
      : { effect: 'replace', obstacle: { code, property: name, message, help } };
  if (update === undefined) {
    return schema?.properties[name]?.replacement === undefined
      ? refuse('not-updatable', `${name} cannot be changed by an update`, `leave \`${name}\` out`)
      : refuse(
          'replacement-needed',
          `changing ${name} needs a new resource; the change plan declares an update`,
          type.rules.replaceBlocked ?? 'declare `action: replace` with `order`, or leave the property out',
        );
  }
  if (update === 'in-place' || update === 'restart') return { effect: update };
  if (live === null) return { effect: 'in-place' };
  const decided = decide(() => update(before[name], after, live, desired));
  if (typeof decided === 'object')
    return refuse(
      'change-blocked',
      `${name} cannot be changed like this: ${decided.blocked}`,
      `correct or leave out \`${name}\``,
    );
  if (decided === 'replace')
    return refuse(
      'replacement-needed',
      `changing ${name} from ${quote(shown(before[name], [], '', ''))} so needs a new resource; the change plan declares an update`,
      type.rules.replaceBlocked ?? 'declare `action: replace` with `order`, or leave the property out',
    );
  return {
    effect:
      unknown && worstOf(update, before[name], schema?.properties[name], live) === 'restart' ? 'restart' : decided,
  };
}

/**
 * A value that is not known yet may be any: where one of the likely ones interrupts, it counts as interrupting. It is
 * judged again when it is known.
 */
function worstOf(
  update: Deciding,
  before: Json | undefined,
  property: PropertySchema | undefined,
  live: LiveResource,
): 'in-place' | 'restart' {
  const kind = property?.type.kind;
  const likely: readonly Json[] =
    property?.values ??
    (kind === 'boolean' ? [true, false] : kind === 'integer' || kind === 'number' ? [0, 1, 2 ** 31] : []);
  return likely.some((value) => decide(() => update(before, value, live)) === 'restart') ? 'restart' : 'in-place';
}

function decide<Result>(decision: () => Result): Result | { readonly blocked: string } {
  try {
    return decision();
  } catch (error) {
    return { blocked: `it could not be judged (${error instanceof Error ? error.message : String(error)})` };
  }
}

interface Effects {
  readonly losing: readonly Hit[];
  readonly opening: readonly Hit[];
  readonly final: readonly Hit[];
}

function changeOf(
  difference: Difference,
  base: ChangeEffect,
  { losing, opening, final }: Effects,
  { type, live, action }: ClassifyInput,
): AttributeChange {
  const here = ({ segments }: Hit): boolean => overlap(segments, difference.segments);
  const losses = losing.filter(here);
  const openings = opening.filter(here);
  const name = difference.segments[0] ?? '';
  const rule = type.rules.properties[name];
  const identity = live?.identity ?? '';
  const state = action === 'create' ? 'set' : 'changed';
  const secret = difference.nodes.some((node) => node.secret === true);
  const notes = [
    ...texts(losses),
    ...texts(openings),
    ...texts(final.filter(here)),
    ...(action !== 'create' && rule?.oneWay !== undefined ? [rule.oneWay] : []),
    ...(base === 'restart' ? ['interrupts the service'] : []),
  ];
  return {
    path: difference.path,
    before:
      secret && action !== 'create'
        ? { $masked: 'unknown' }
        : shown(difference.before, difference.nodes, type.type, identity),
    after: shown(difference.after, difference.nodes, type.type, identity, state),
    effect: losses.length > 0 ? 'destructive' : openings.length > 0 ? 'grant' : base,
    ...(notes.length > 0 ? { notes } : {}),
    // The reviewer must be able to read the author's text; the live text stays masked.
    ...(typeof difference.after === 'string' && difference.nodes.some((node) => node.sensitive === true)
      ? { authored: difference.after }
      : {}),
  };
}

const texts = (hits: readonly Hit[]): readonly string[] =>
  hits.length === 0 ? [] : [...new Set(hits.map(({ says }) => says))];
