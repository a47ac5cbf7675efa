import { isObject, type Json } from '../../base/json.ts';
import type { Difference } from '../diff/diff.ts';
import { withPlaceholders } from '../diff/references.ts';
import type { Hit } from './rule-hits.ts';
import { quote } from '../../domain/wording.ts';

/**
 * Keys that only describe to people: nothing that is documented to act on tags reads them, under whatever value. Every
 * other key may be one by which somebody selects, which nothing here can read (law 9): IAM conditions on any key (IAM
 * User Guide, "Define permissions based on attributes with ABAC authorization"), deployment groups (CodeDeploy), targets
 * of commands and patches (Systems Manager), backups (AWS Backup, Data Lifecycle Manager), cost rules.
 */
const describing: ReadonlySet<string> = new Set(
  [
    'description desc comment comments note notes remark remarks title summary purpose reason rationale',
    'documentation doc docs readme wiki runbook url link changelog ticket ticketid issue issueid jira',
    'commit commitsha commitid gitcommit gitsha pullrequest changeticket reviewedat lastreviewed',
  ].flatMap((line) => line.split(' ')),
);

interface Acting {
  readonly who: string;
  /** Keys as a whole, without case and punctuation. */
  readonly key?: RegExp;
  /** Words anywhere in key or value. */
  readonly text?: RegExp;
}

/**
 * Who is known to act by which tags, for the reason on the card, and for an undo: the one list of them. Sources: IAM
 * User Guide, "IAM tutorial: Define permissions to access AWS resources based on tags" (access-project, access-team,
 * cost-center) and "Controlling access to AWS resources using tags" (Owner, Department, environment, CostCenter,
 * Project, Name); CodeDeploy User Guide, "Tagging instances for deployment groups" (Name = CodeDeployDemo); GuardDuty
 * User Guide, "inclusion and exclusion tags" (GuardDutyManaged); Instance Scheduler on AWS (Schedule); AWS Backup and
 * Data Lifecycle Manager, "assigning resources by tags"; Patch Manager (Patch Group); Cloud Custodian, "offhours" and
 * "mark-for-op" (maid_offhours, maid_status); cloud-nuke and aws-nuke, filters by tag.
 */
const acting: readonly Acting[] = [
  {
    who: 'tools that delete, stop or start',
    text: new RegExp(
      [
        'lifecycle|life-?(?:span|time)|expir|clean-?up|nuke|delet|destroy|terminat|wipe|trash|erase|discard|obsolete|retire|sunset|drain',
        'purge|reap|janitor|custodian|c7n|maid|sweep|prune|garbage|remov|kill|evict|decommission|ephemeral|disposable|tempor|unused|orphan',
        'schedul|shut-?down|power-?o|up-?time|run-?time|auto-?(?:stop|start|off|on|scal|park)|hibernat|suspend|night|weekend',
        '(?:office|business|working|off|on)-?hours|turn-?o(?:n|ff)|quarantin|isolat|ignore|skip|exempt',
      ].join('|'),
      'iu',
    ),
    key: /^(?:ttl|stop|start|off|on|power|hours|lease|gc|park|parking|tmp|temp|eol|until|deadline|(?:end|due|until|valid)(?:date|to|until))$/u,
  },
  {
    who: 'tools that back up, keep or protect',
    text: /backup|retention|retain|dlm|snapshot|vault|archiv|replicat|recover|protect|legal-?hold|immutab|locked?\b|complian|sensitiv|classif/iu,
    key: /^(?:keep|rpo|rto|dr|drplan|plan|hold|golden|pii|criticality|lock(?:ed)?|legalhold)$/u,
  },
  {
    who: 'tools that patch, scan and monitor',
    text: /patch|maintenance|monitor|guard-?duty|inspector|\bssm\b|opt-?(?:in|out)|exclu|inclu/iu,
    key: /^(?:alarm|alert|nag|ssm)$/u,
  },
  {
    who: 'IAM policies that give access by tags',
    text: /policy|access|allow|deny|public|internet|kubernetes|karpenter/iu,
    key: /^(?:access)?(?:name|owners?|owneremail|projects?|projectid|team|teamname|departments?|division|cost(?:cent(?:er|re))?|costs?|env|environment|stage|tier|role|app|application|applicationid|service|createdby|creator|dev|test|prod|sandbox)$/u,
  },
];
/** Keys by whose appearance something is kept, where the value agrees. */
const keeping = /^(?:aws)?(?:backup|protect(?:ed)?|keep|retain|snapshot)s?$/u;
const agreeing = /^(?:true|yes|on|1|enabled?|required|always|hourly|daily|nightly|weekly|monthly)$/iu;

/** One form for every spelling of a text: full-width and other compatibility forms, case (NFKC, Unicode Annex 15). */
const plain = (text: string): string => text.normalize('NFKC').toLowerCase();
/** Without punctuation. Letters of every script stay: what is left of another word would be a word of the lists. */
const bare = (key: string): string => plain(key).replaceAll(/[^\p{L}\p{N}]/gu, '');
const wordsOf = (text: string): readonly string[] =>
  plain(text.normalize('NFKC').replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')).split(/[^\p{L}\p{N}]+/u);

/** Who is known to act by this text; null: nobody. A letter outside ASCII may stand for one of any word. */
function actorOf(text: string): string | null {
  const words = [...wordsOf(text), bare(text)];
  const found = acting.find(
    ({ key, text: anywhere }) => anywhere?.test(plain(text)) === true || words.some((word) => key?.test(word) === true),
  );
  return found?.who ?? (/[^\x20-\x7e]/u.test(plain(text)) ? 'whoever reads its letters otherwise' : null);
}

interface TagChange {
  readonly key: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** Whether nothing but people reads the tag, or it only comes to keep something: see `tagHits`. */
const isHarmless = ({ key, before, after }: TagChange): boolean =>
  describing.has(bare(key)) ||
  (before === undefined && keeping.test(bare(key)) && typeof after === 'string' && agreeing.test(plain(after)));

/** An undo may take away what nobody is known to look for. */
const isUndone = ({ key, before, after }: TagChange): boolean =>
  after === undefined && typeof before === 'string' && actorOf(key) === null && actorOf(before) === null;

/**
 * Tags on which something may act, for every type: each that comes, changes or leaves, unless its key only describes,
 * or it asks for a backup or a protection. Tools, policies and budgets select by tags, which nothing here can read. An
 * undo that the capture bucket bears out (`undoes`) may take away what it added, where nobody is known to look for it.
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
    return entries
      .filter((entry) => !isHarmless(entry) && !(undoes && isUndone(entry)))
      .map((entry) => ({
        segments: [tagProperty, entry.key],
        irreversible: false,
        says: `the tag ${quote(entry.key)} ${whatOf(entry)}: ${reasonOf(entry)}`,
      }));
  });
}

/** Who may act otherwise after the change, as far as the list knows. */
function reasonOf({ key, before, after }: TagChange): string {
  const texts = [key, before, after].filter((text) => typeof text === 'string');
  const who = texts.map(actorOf).find((actor) => actor !== null);
  return who === undefined
    ? 'policies and tools may select by any tag, and aiplan cannot read which do'
    : `${who} may select by it and act otherwise`;
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
