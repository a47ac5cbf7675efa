import type { ChangePlan, ResourceEntry } from '../../domain/change-plan.ts';
import { findingAt, type Finding } from '../../domain/finding.ts';
import type { LiveState } from '../../domain/live.ts';
import { quote } from '../../domain/wording.ts';
import { tagChangesOf, type TagChange } from '../../history/recent-tags.ts';
import type { CommandContext } from '../context/command-context.ts';

/** Days for which a tag that a run changed is pointed out. */
const RECENT = 14;
/** Runs that are looked through at most, newest first: a store may hold thousands. */
const RUNS = 50;
const day = 86_400_000;

/** The destructions of a plan: what a person may let go because of what its tags say. */
const victimsOf = ({ resources }: ChangePlan): readonly ResourceEntry[] =>
  resources.filter(({ action, id }) => (action === 'delete' || action === 'replace') && id !== undefined);

/** A warning on the card of each victim that carries a tag which a run of the last days changed. Pure. */
export function recentTagFindings(
  changePlan: ChangePlan,
  { resources }: Pick<LiveState, 'resources'>,
  changes: readonly TagChange[],
): readonly Finding[] {
  return victimsOf(changePlan).flatMap((entry) => {
    const live = resources.find(({ type, identity }) => type === entry.type && identity === entry.id);
    if (live === undefined) return [];
    const tags = live.properties['Tags'];
    const now = (key: string): unknown => (tags as Readonly<Record<string, unknown>> | undefined)?.[key] ?? null;
    const own = changes.filter(({ type, identity }) => type === entry.type && identity === live.identity);
    // The oldest change within the days tells what the tag was before any of them.
    const oldest = new Map(own.toSorted((a, b) => (a.at < b.at ? 1 : -1)).map((change) => [change.key, change]));
    return [...oldest.values()]
      .filter(({ key, before }) => now(key) !== before)
      .map(({ key, before, run, at }) => {
        const value = now(key);
        return findingAt(
          entry,
          'id',
          'warning',
          'tag-changed-lately',
          `${value === null ? `the tag ${quote(key)} of ${quote(live.identity)} is gone` : `the tag ${quote(key)} of ${quote(live.identity)} is ${quote(String(value))}`} since the aiplan run ${run} of ${at.slice(0, 10)}; before, ${before === null ? 'there was none' : `it was ${quote(before)}`}`,
          'do not judge by this tag what the resource is: look at its age, its data and who uses it',
        );
      });
  });
}

/** The same, of the journals in the store. A journal that cannot be read is passed over: reading says so elsewhere. */
export async function recentTags(
  { store, io }: Pick<CommandContext, 'store' | 'io'>,
  changePlan: ChangePlan,
  live: LiveState,
): Promise<readonly Finding[]> {
  if (victimsOf(changePlan).length === 0) return [];
  const since = new Date(io.clock.now() - RECENT * day).toISOString();
  const changes: TagChange[] = [];
  let seen = 0;
  await store.eachRun(({ journal }) => {
    seen += 1;
    const begin = journal?.records.find((record) => record.kind === 'begin');
    if (seen > RUNS || (begin !== undefined && begin.plan.createdAt < since)) return 'stop';
    if (journal !== null && begin?.target.account === live.target.account)
      changes.push(...tagChangesOf(journal.records));
    return undefined;
  });
  return recentTagFindings(changePlan, live, changes);
}
