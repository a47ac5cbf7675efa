import type { Permit, Service } from '../../../src/domain/call.ts';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';

/**
 * How a service is spoken to (Smithy, "AWS Protocols"): `query` and `ec2-query` name the operation in a form, `json` in
 * the header `X-Amz-Target` over a JSON document, `rest-xml` and `rest-json` by method and path.
 */
export type Protocol = 'query' | 'ec2-query' | 'json' | 'rest-xml' | 'rest-json';

/** A client class of the SDK, and the commands that aiplan sends with it, by class name. */
export interface ServiceModule {
  readonly Client: new (options: never) => object;
  readonly commands: Readonly<Record<string, new (input: never) => object>>;
}

/** Facts of the session that a rule needs. */
export interface Surroundings {
  readonly captureBucket: string | null;
  readonly region: string;
  /** Below which keys of the capture bucket objects may be read. */
  readonly captureKeys?: readonly string[];
  /** Names of the secrets that the session may read. Absent: none. */
  readonly secrets?: ReadonlySet<string>;
}

/** A rule that holds whatever a step declared. `refuses` answers the reason, or null where the call may pass. */
export interface ProtectedRule {
  readonly operations: RegExp;
  readonly refuses: (input: JsonObject, permit: Permit, operation: string, around: Surroundings) => string | null;
}

/** Which field of a listed item a parameter or a filter asks for. */
export interface AnsweredAbout {
  readonly path: readonly string[];
  readonly asks: Readonly<Record<string, string>>;
}

/** Questions about single things of one kind, which may be asked as one. */
export interface SingleQuestion {
  readonly operation: string;
  /** The member that holds the answers, and the names by which one of them is tied to a question. */
  readonly list: string;
  readonly names: (item: JsonObject) => readonly string[];
  /** The filter, or the parameter, that holds the thing that is asked for. */
  readonly by: string;
  /** `filter`: `by` is a filter. `parameter`: `by` names one thing, `filter` many; without it, all are listed. */
  readonly how: 'filter' | 'parameter';
  readonly filter?: string;
  /** The most values that the filter takes. */
  readonly most: number;
  /** The member that holds the token of the next page, in the question and in the answer. */
  readonly page: 'NextToken' | 'Marker';
}

/**
 * By what the answer of a read is known to be whole, by operation. Paths of members, `*` for each element of a list: AWS
 * writes an empty list as an empty element (`<volumeSet/>`, `<DBInstances/>`), which the SDK gives as `[]`; without the
 * element the SDK gives nothing, and nothing would read as "there is none". `attribute`: the member that the question
 * names. `document`: the element that the whole answer is, which may hold nothing. `[]`: nothing must be there.
 */
export type Always = Readonly<Record<string, readonly string[] | 'attribute' | { readonly document: string }>>;

/**
 * Everything that aiplan knows about a service of AWS, once: the session, the gate, the known reads, the IAM actions
 * and the sandbox take it from here. A record also adds its name to `Services` of `src/domain/call.ts`.
 */
export interface ServiceRecord {
  readonly name: Service;
  /** The SDK's name of it: `AWS_ENDPOINT_URL_<SDKID>` sends it elsewhere. */
  readonly sdkId: string;
  readonly protocol: Protocol;
  /** Loads the client and exactly the commands that aiplan sends, as one chunk, when it is first needed. */
  readonly load: () => Promise<ServiceModule>;
  /**
   * Every operation that only reads, by name. An operation that is not here counts as mutating (law 6): a `Get…` of a
   * new SDK that changes something is refused until a person has put it here.
   */
  readonly reads: string;
  /** `all`: a test holds the reads against every reading name of the SDK. `used`: only those that aiplan sends. */
  readonly extent: 'all' | 'used';
  /** Reading names that are left out on purpose. */
  readonly leftOut?: readonly string[];
  /** Operations that change nothing but answer with secrets, screens or the data of others, and what. Never sent. */
  readonly discloses?: Readonly<Record<string, string>>;
  /** Reads of the secrets that the session was opened for, by the parameter that names the secret. */
  readonly namedSecrets?: Readonly<Record<string, string>>;
  /** Reads that are let through only for the capture bucket of aiplan. */
  readonly ownBucketOnly?: readonly string[];
  /** Why a read with this input would disclose; null: it does not. */
  readonly refusesRead?: (input: Readonly<Record<string, unknown>>) => string | null;
  readonly protects?: readonly ProtectedRule[];
  /** The idempotency token that the SDK fills in where it is left out, and the operations that have it. */
  readonly tokens?: { readonly parameter: string; readonly operations: readonly string[] };
  /** Whether the SDK may add this member to an input by itself. */
  readonly adds?: (member: string, value: Json | undefined, around: Surroundings) => boolean;
  /** Reads that name what they ask for. */
  readonly answers?: Readonly<Record<string, AnsweredAbout>>;
  readonly singles?: readonly SingleQuestion[];
  /** The parts that the answer of every read has, by operation: without one of them it was not read (law 9). */
  readonly always: Always;
  /** IAM actions of the operations that are not called like them, without the name of the service. */
  readonly actions?: ReadonlyMap<string, readonly string[]>;
  /** CloudTrail's name of an event in a form that is equal to that of its operation. Absent: they are the same. */
  readonly loggedAs?: (name: string) => string;
  /** Operations that only a trail with data events logs. */
  readonly dataEvents?: RegExp;
  /** Options of the client beyond those of the session. */
  readonly clientOptions?: (endpoint: string | null) => object;
  /** The region that knows an answer best, where it is not that of the session; of AWS itself. */
  readonly home?: (operation: string, region: string) => string;
}

/** A text, or '' for anything else. */
export const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** Whether this run removes expired captures and this is one of them. */
export const expirable = (id: Json | undefined, permit: Permit): boolean =>
  permit.expireCaptures?.includes(text(id)) === true && text(id) !== '';

/** The objects of a list; none where it is no list. */
export const listOf = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];

/** The texts of one member, as a list. */
export const member =
  (name: string) =>
  (item: JsonObject): readonly string[] =>
    typeof item[name] === 'string' ? [item[name]] : [];
