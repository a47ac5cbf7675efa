import type { AwsReader, ReadCall } from '../../../src/domain/call.ts';
import { canonical } from '../../../src/base/digest.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { ReadOutcome } from '../../../src/domain/resource-type.ts';
import { bounded, pieces } from '../values/batches.ts';
import { serviceOf } from '../services/index.ts';
import type { SingleQuestion } from '../services/service.ts';
import { listOf, textOf } from '../values/fields.ts';

/**
 * A question of a kind: what it asks for, and everything else about it, which must be equal for two to be asked as one.
 */
interface Question {
  readonly index: number;
  readonly call: ReadCall;
  readonly kind: SingleQuestion;
  readonly values: readonly string[];
  readonly rest: JsonObject;
  readonly key: string;
}

const filtersOf = (input: JsonObject): readonly JsonObject[] => listOf(input['Filters']);
const isTexts = (values: Json | undefined): values is string[] =>
  Array.isArray(values) &&
  values.length > 0 &&
  values.every((value) => typeof value === 'string' && !/[*?]/u.test(value));

function questionOf(call: ReadCall, index: number): Question | undefined {
  for (const kind of serviceOf(call.service)?.singles ?? []) {
    if (
      kind.operation !== call.operation ||
      call.input['NextToken'] !== undefined ||
      call.input['Marker'] !== undefined
    )
      continue;
    if (kind.how === 'parameter') {
      const value = textOf(call.input[kind.by]);
      // Only a question that takes "there is none" for an answer can be asked of a list.
      if (value === undefined || Object.keys(call.input).length !== 1 || (call.absent ?? []).length === 0) continue;
      return {
        index,
        call,
        kind,
        values: [value.toLowerCase()],
        rest: {},
        key: `${call.service}:${kind.operation} ${kind.by}`,
      };
    }
    const filters = filtersOf(call.input);
    const mine = filters.filter(({ Name }) => Name === kind.by);
    if (mine.length !== 1 || !isTexts(mine[0]?.['Values'])) continue;
    const rest: JsonObject = { ...call.input, Filters: filters.filter(({ Name }) => Name !== kind.by) };
    return {
      index,
      call,
      kind,
      values: mine[0]?.['Values'] as unknown as string[],
      rest,
      key: `${call.service}:${kind.operation} ${kind.by} ${canonical(rest)}`,
    };
  }
  return undefined;
}

/** Every element of a list over all pages. Throws AwsError. */
async function pagesOf(
  session: AwsReader,
  call: ReadCall,
  { list, page }: SingleQuestion,
): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  let next: string | undefined;
  do {
    const answer: JsonObject =
      (await session.read(next === undefined ? call : { ...call, input: { ...call.input, [page]: next } })) ?? {};
    found.push(...listOf(answer[list]));
    next = textOf(answer[page]);
  } while (next !== undefined);
  return found;
}

/** Up to so many names of a kind that has no filter are asked one by one; more are looked for in the whole list. */
const FEW = 5;

async function listFor(
  session: AwsReader,
  { kind, rest, call }: Question,
  values: readonly string[],
): Promise<readonly JsonObject[]> {
  const { service } = call;
  const { operation, by, filter, how, most } = kind;
  if (how === 'parameter' && filter === undefined) return pagesOf(session, { service, operation, input: {} }, kind);
  const inputs = pieces(values, most).map((some): JsonObject =>
    how === 'parameter'
      ? { Filters: [{ Name: filter ?? '', Values: [...some] }] }
      : { ...rest, Filters: [{ Name: by, Values: [...some] }, ...filtersOf(rest)] },
  );
  return (
    await bounded(inputs, (input) =>
      pagesOf(
        session,
        { service, operation, input, ...(call.absent === undefined ? {} : { absent: call.absent }) },
        kind,
      ),
    )
  ).flat();
}

/** The part for one question of the list that answers all of its kind. */
function partFor({ kind, values }: Question, items: readonly JsonObject[]): JsonObject | null {
  const wanted = new Set(values);
  const mine = items.filter((item) => kind.names(item).some((name) => wanted.has(name)));
  return kind.how === 'parameter' && mine.length === 0 ? null : { [kind.list]: mine };
}

async function outcomeOf(work: Promise<JsonObject | null>): Promise<ReadOutcome> {
  try {
    return { answer: await work };
  } catch (failure) {
    return { failure };
  }
}

/**
 * Answers different reads: questions about single images, groups, databases and so on that differ in nothing else
 * become one list for as many of them as a filter takes (`singles` of the service's record). Never rejects.
 */
export async function readTogether(session: AwsReader, calls: readonly ReadCall[]): Promise<readonly ReadOutcome[]> {
  const groups = new Map<string, Question[]>();
  const outcomes: ReadOutcome[] = [];
  const alone: number[] = [];
  calls.forEach((call, index) => {
    const question = questionOf(call, index);
    if (question === undefined) alone.push(index);
    else groups.set(question.key, [...(groups.get(question.key) ?? []), question]);
  });
  const work: (() => Promise<void>)[] = [];
  const askAlone = (index: number): void => {
    work.push(async () => {
      outcomes[index] = await outcomeOf(session.read(calls[index] as ReadCall));
    });
  };
  for (const index of alone) askAlone(index);
  for (const questions of groups.values()) {
    const [first] = questions;
    if (first === undefined) continue;
    const values = [...new Set(questions.flatMap((question) => question.values))];
    if (
      questions.length === 1 ||
      (first.kind.how === 'parameter' && first.kind.filter === undefined && values.length <= FEW)
    ) {
      for (const { index } of questions) askAlone(index);
      continue;
    }
    work.push(async () => {
      let items: readonly JsonObject[];
      try {
        items = await listFor(session, first, values);
      } catch (failure) {
        for (const { index } of questions) outcomes[index] = { failure };
        return;
      }
      for (const question of questions) outcomes[question.index] = { answer: partFor(question, items) };
    });
  }
  await bounded(work, (one) => one());
  return outcomes;
}
