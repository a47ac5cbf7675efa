import { isObject, type Json } from '../../base/json.ts';
import type { Difference } from '../diff/diff.ts';
import { withPlaceholders } from '../diff/references.ts';
import type { Hit } from './rule-hits.ts';
import { quote } from '../../domain/wording.ts';

/**
 * Words of keys and values by which tools find what they back up, keep, stop, start, patch, expose or delete: AWS
 * Backup, Data Lifecycle Manager, Instance Scheduler, Patch Manager, Cloud Custodian, cloud-nuke and their like; found
 * anywhere in the text.
 */
const toolText = new RegExp(
  [
    'backup|retention|retain|dlm|snapshot|lifecycle|life-?(?:span|time)|vault|archiv|replicat|recover|expir|clean-?up|nuke|protect|delet|destroy|terminat',
    'purge|reap|janitor|custodian|c7n|maid|sweep|prune|garbage|remov|kill|evict|decommission|ephemeral|disposable|tempor|unused|orphan',
    'schedul|shut-?down|power-?o|up-?time|run-?time|auto-?(?:stop|start|off|on|scal|park)|(?:office|business|working)-?hours|hibernat|suspend|night|weekend',
    'policy|patch|maintenance|monitor|exempt|quarantin|isolat|environment|sandbox|classif|sensitiv|complian|kubernetes|karpenter|public|internet|access',
    'allow|deny|exclu|inclu|ignore|skip|opt-?(?:in|out)',
  ].join('|'),
  'iu',
);
/** Short words that mean so much only where they stand alone. */
const toolWord =
  /^(?:ttl|keep|env|stage|tier|stop|start|off|on|power|hours|lease|plan|gc|rpo|rto|dr|park|parking|alarm|alert|tmp|temp|dev|test|prod)$/u;
/** Keys that say who, what and for whom: nothing acts on them but people and bills. */
const descriptive = new RegExp(
  [
    '^(?:display)?name$|^titles?$|^descriptions?$|^comments?$|^notes?$|^purpose$|^reason$|^(?:technical|business|service)?owners?(?:name|e?mail)?$|^contacts?$|^e?mail$',
    '^team(?:name)?$|^squad$|^tribe$|^department$|^division$|^(?:business)?unit$|^organi[sz]ation$|^company$|^costs?(?:cent(?:er|re))?$|^billing(?:code)?$',
    '^projects?(?:name|id)?$|^products?$|^app(?:lication)?(?:name|id)?$|^services?(?:name)?$|^component$|^module$|^version$|^releases?$|^commit(?:sha)?$',
    '^created(?:by|at|on)?$|^creator$|^(?:last)?updated(?:by|at|on)?$|^managedby$|^repo(?:sitory)?$|^git.*$|^ticket(?:id)?$|^issue$|^jira$|^url$|^docs?$|^documentation$|^runbook$',
  ].join('|'),
  'u',
);
/** Keys by whose appearance something is kept, where the value agrees. */
const keeping = /^(?:aws)?(?:backup|protect(?:ed)?|keep|retain|snapshot)s?$/u;
const agreeing = /^(?:true|yes|on|1|enabled?|required|always|hourly|daily|nightly|weekly|monthly)$/iu;

const wordsOf = (text: string): readonly string[] =>
  text
    .replace(/([a-z0-9])([A-Z])/gu, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/u);
const moves = (text: string): boolean => toolText.test(text) || wordsOf(text).some((word) => toolWord.test(word));
const bare = (key: string): string => key.toLowerCase().replaceAll(/[^a-z0-9]/gu, '');
const isDescriptive = (key: string): boolean =>
  descriptive.test(bare(key.slice(Math.max(key.lastIndexOf(':'), key.lastIndexOf('/')) + 1))) && !toolText.test(key);

interface TagChange {
  readonly key: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** Whether nothing but people and bills acts on the change: see `tagHits`. */
function isHarmless({ key, before, after }: TagChange): boolean {
  if (isDescriptive(key)) return true;
  if (before !== undefined) return false;
  return typeof after === 'string' && (keeping.test(bare(key)) ? agreeing.test(after) : !moves(key) && !moves(after));
}

/**
 * Tags on which something may act, for every type: a tag that is there and changes or leaves, unless its key only
 * describes; and a new one whose key or value has a word that tools look for. Tools, policies and budgets select by
 * tags, which nothing here can read. An undo that the capture bucket bears out (`undoes`) may take away what it was
 * harmless to add.
 */
export function tagHits(
  differences: readonly Difference[],
  tagProperty: string | null,
  undoes = false,
): readonly Hit[] {
  return differences.flatMap(({ segments, before, after }) => {
    if (tagProperty === null || segments[0] !== tagProperty) return [];
    const key = segments[1];
    const entries = key === undefined ? tagEntries(before, after) : [{ key, before, after }];
    const isUndone = ({ key: name, before: added, after: left }: TagChange): boolean =>
      undoes && left === undefined && isHarmless({ key: name, before: undefined, after: added });
    return entries
      .filter((entry) => !isHarmless(entry) && !isUndone(entry))
      .map((entry) => ({
        segments: [tagProperty, entry.key],
        irreversible: false,
        says: `the tag ${quote(entry.key)} ${whatOf(entry)}: tools that back up, stop, clean up or give access by tags may act otherwise`,
      }));
  });
}

const whatOf = ({ before, after }: TagChange): string =>
  after === undefined
    ? 'is removed'
    : before === undefined
      ? `is added (${quote(withPlaceholders(after))})`
      : `changes from ${quote(before)} to ${quote(withPlaceholders(after))}`;

const tagEntries = (before: Json | undefined, after: Json | undefined): readonly TagChange[] => {
  const old = isObject(before) ? before : {};
  const fresh = isObject(after) ? after : {};
  return [...new Set([...Object.keys(old), ...Object.keys(fresh)])]
    .sort()
    .filter((key) => old[key] !== fresh[key])
    .map((key) => ({ key, before: old[key], after: fresh[key] }));
};
