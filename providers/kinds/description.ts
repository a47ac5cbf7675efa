import type { Program, Service } from '../../src/domain/call.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { ResourceName } from '../../src/domain/identity.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ChangeRule, PropertyRule, StepContext, TypeRules } from '../../src/domain/resource-type.ts';
import type { Neighbours } from '../../src/domain/own-effect.ts';
import type { Verdict, Verdicts } from '../../src/domain/verdict.ts';

/** A resource as one element of a list tells it. */
export interface Found {
  readonly identity: string;
  /** What tells it from a later one of the same identity. Absent: AWS never gives the identity out twice. */
  readonly incarnation?: string;
  /** In CloudFormation shape; undefined and null members are left out. */
  readonly properties: JsonObject;
  readonly attributes?: JsonObject;
  /** AWS's list of Key and Value, or a map. */
  readonly tags?: Json;
  /** AWS's own word. Absent: `present`. */
  readonly state?: string;
  readonly binding?: JsonObject;
  readonly observed?: JsonObject;
  /** Why AWS deletes it by nobody's call, such as the local route of a VPC; one sentence. */
  readonly undeletable?: string;
}

/** One paginated read for many identities. */
export interface Listing {
  readonly operation: string;
  /** The member of the answer that holds the elements. */
  readonly items: string;
  /** The input that asks for these identities alone; at most `most` at once. */
  readonly narrow: (identities: readonly string[]) => JsonObject;
  /** Absent: 200, what a filter of EC2 takes. */
  readonly most?: number;
  /** The input of every page, such as its size. */
  readonly page?: JsonObject;
  /** The members that hold the token of the next page. Absent: `NextToken` in both. */
  readonly token?: { readonly asked: string; readonly answered: string };
  /** Codes by which a narrowed read says that there is none. */
  readonly absent?: readonly string[];
  /**
   * The service takes no list of identities: `narrow` asks for one, and more than so many are looked for in the list of
   * all.
   */
  readonly few?: number;
  /** The list of all, where it is another operation. Its elements may tell less; `details` tell the rest. */
  readonly all?: { readonly operation: string; readonly items: string };
}

/** Who uses resources of the type, as another read lists them. */
export interface UserListing {
  /** Absent: the service of the type. */
  readonly service?: Service;
  readonly operation: string;
  readonly items: string;
  readonly page?: JsonObject;
  /** The input that asks for the users of these. */
  readonly ask: (used: readonly Found[]) => JsonObject;
  /** Those users of `used` that an element tells of. */
  readonly find: (raw: JsonObject, used: Found) => readonly ResourceName[];
}

/** Something that only a read of its own tells of one resource: its tags, say. Asked for what will change. */
export interface Detail {
  /** It tells the tags: it is also asked of every resource of a list that is searched by tags. */
  readonly tells?: 'Tags';
  /** It comes in pages: the member that holds the elements, and those that hold the token of the next page. */
  readonly items?: string;
  readonly token?: Listing['token'];
  /** Not asked where the first read told it. */
  readonly unless?: (found: Found) => boolean;
  readonly operation: string;
  readonly input: (found: Found) => JsonObject;
  readonly into: (found: Found, answer: JsonObject) => Found;
}

/** A mutating call as data; `Of` is what its input is made from. */
interface KindCall<Of extends readonly unknown[]> {
  readonly operation: string;
  readonly input: (...of: Of) => JsonObject;
  /** For the journal and the progress line. */
  readonly purpose: string;
}

/** What a create is given beside the desired properties. */
interface Given {
  /** Unique per run and step: for a ClientToken. */
  readonly token: string;
  /** The author's tags and the ownership tags. */
  readonly tags: JsonObject;
}

/** How tags of an existing resource are set and removed. */
export interface Tagging {
  readonly set: KindCall<readonly [identity: string, tags: Readonly<Record<string, string>>, live: LiveResource]>;
  readonly remove: KindCall<readonly [identity: string, keys: readonly string[], live: LiveResource]>;
}

/** How one property is set on what is there; `clear` takes it away. */
export interface Setting extends KindCall<readonly [identity: string, desired: JsonObject]> {
  readonly clear?: KindCall<readonly [identity: string, desired: JsonObject]>;
  /** The create does not take the property: it is set right afterwards. */
  readonly afterCreate?: true;
}

/** A call with its input. */
export interface MadeCall {
  readonly operation: string;
  readonly input: JsonObject;
  readonly purpose: string;
}

/** Several calls that belong together; `operations` are all that they may send. */
interface MadeCalls<Of extends readonly unknown[]> {
  readonly operations: readonly string[];
  readonly calls: (...of: Of) => readonly MadeCall[];
}

/** How one property is changed where that takes several calls: `before` is empty right after a create. */
export interface Changing extends MadeCalls<readonly [identity: string, before: JsonObject, desired: JsonObject]> {
  readonly afterCreate?: true;
}

/** A property: what an update of it may do, and what it can do beyond changing a value (law 3). */
export type KindProperty = PropertyRule & {
  readonly verdict: Verdict;
  /** Of an object or a list: the verdicts of its leaves, by their path below it; they stand for its own. */
  readonly inside?: Verdicts;
};

interface Common {
  readonly type: string;
  readonly service: Service;
  readonly list: Listing;
  readonly find: (raw: JsonObject) => readonly Found[];
  readonly details?: readonly Detail[];
  /** Without `Tags`, which `tags` stands for. */
  readonly properties: Readonly<Record<string, KindProperty>>;
  /** Absent: the type takes no tags. */
  readonly tags?: Tagging;
  readonly create: KindCall<readonly [desired: JsonObject, given: Given]> & {
    /** The request is idempotent by its token. */
    readonly byToken?: true;
  };
  readonly set?: Readonly<Record<string, Setting | Changing>>;
  readonly remove: KindCall<readonly [live: LiveResource]> & {
    /**
     * The property that has to be empty before AWS deletes it, and its empty value: it is emptied before the delete,
     * and put back where it is not deleted, both by `set`.
     */
    readonly emptied?: { readonly property: string; readonly empty: Json };
  };
  /** Parts that no property tells and that come back with it: what a restore sends after the create. */
  readonly parts?: MadeCalls<readonly [live: LiveResource]>;
  /**
   * Who uses it (law 9): how they are listed; `related`: only what properties of known types name, nothing else can;
   * `refused-in-use`: AWS refuses to delete what is used; `unknown`: nobody can tell, and it is never deleted.
   */
  readonly users: readonly UserListing[] | 'related' | 'refused-in-use' | 'unknown';
  /** Changes that hand out power or open access (law 3); []: looked, and there are none. */
  readonly grants: readonly ChangeRule[];
  readonly destructive?: readonly ChangeRule[];
  /**
   * What a delete loses for good, because AWS takes no copy of it (law 4); false: it is configuration alone. `loses`
   * answers null for a resource in which nothing is: that one comes back as it was.
   */
  readonly holdsData: false | { readonly loses: (live: LiveResource) => string | null };
  /** What else a delete loses although it can be restored; the identity is told where AWS gives it out. */
  readonly loses?: (live: LiveResource) => readonly string[];
  /** What AWS refuses of the properties, whatever is live. */
  readonly problems?: TypeRules['refuses'];
  /** Whether what was read is stable; a sentence: it has failed. Absent: what is there is stable. */
  readonly stable?: (found: Found) => boolean | string;
  readonly neighbours?: Neighbours;
  /** Further rules: `compare`, `nameProperty`, `goneStates` and so on. */
  readonly rules?: Partial<Omit<TypeRules, 'properties' | 'verdicts' | 'grants' | 'destructive' | 'duplicate'>>;
  /** Identities that a restore needs to be there, by property: how they are looked up. */
  readonly needs?: Readonly<Record<string, Need>>;
  /** What else would make AWS refuse a step, or a restore of `context.live`; one sentence each. Reads only. */
  readonly check?: (
    context: StepContext,
    action: 'create' | 'update' | 'replace' | 'delete' | 'restore',
  ) => Program<readonly string[]>;
  /** The reads of `check`, `service:Operation`. */
  readonly checks?: readonly string[];
}

/** How the thing that a property names is looked up. */
export interface Need {
  readonly operation: string;
  readonly items: string;
  readonly input: (identity: string) => JsonObject;
}

/** A type of which the author's own properties name the identity; undefined while one of them is not known. */
interface Named extends Common {
  readonly identityOf: (desired: JsonObject) => string | undefined;
  readonly alike?: undefined;
  readonly made?: undefined;
}

/**
 * A type of which AWS gives the identity out: where it stands in the answer of the create, by dotted path. Where no tag
 * tells whose a resource is, its properties must: `alike` answers the text of which there is at most one, undefined while
 * it is not known.
 */
type Assigned = Common & { readonly made: string; readonly identityOf?: undefined } & (
    | { readonly tags: Tagging; readonly alike?: undefined }
    | { readonly alike: (desired: JsonObject) => string | undefined }
  );

/** Everything about a type that is nothing but configuration, each fact once. */
export type Description = Named | Assigned;
