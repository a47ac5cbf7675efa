import { isObject, type Json } from '../base/json.ts';
import type { JournalRecord } from '../domain/records/journal.ts';
import { historiesOf } from './step-history.ts';

/** A tag that a run of aiplan gave another value. A claim of the run's journal (law 13): it warns, and proves nothing. */
export interface TagChange {
  readonly type: string;
  readonly identity: string;
  readonly key: string;
  /** Null: there was none, or there is none any more. */
  readonly before: string | null;
  readonly after: string | null;
  readonly run: string;
  /** ISO 8601: when the run's plan was made. */
  readonly at: string;
}

const tagsOf = (value: Json | undefined): Readonly<Record<string, Json | undefined>> => (isObject(value) ? value : {});
const textOf = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);

/** The tags of resources that were there before, and that the run changed. Pure. */
export function tagChangesOf(records: readonly JournalRecord[]): readonly TagChange[] {
  const begin = records.find((record) => record.kind === 'begin');
  if (begin === undefined) return [];
  return historiesOf(records).flatMap(({ type, before, after }) => {
    if (before === null || after === null) return [];
    const [old, fresh] = [tagsOf(before.properties['Tags']), tagsOf(after.properties['Tags'])];
    return [...new Set([...Object.keys(old), ...Object.keys(fresh)])]
      .sort()
      .filter((key) => old[key] !== fresh[key])
      .map((key) => ({
        type,
        identity: before.identity,
        key,
        before: textOf(old[key]),
        after: textOf(fresh[key]),
        run: begin.run,
        at: begin.plan.createdAt,
      }));
  });
}
