import type { JsonCorrection } from './json.ts';
import type { QueryCorrection } from './correction.ts';

/** Why a service refuses: what is used, a quota, no capacity. */
export type Because = 'dependency' | 'quota' | 'capacity';

/** A refusal that AWS documents for some operations: their names, its code, its status. */
type Refused = readonly [operations: RegExp, code: string, status: number];

/** Everything that the proxy knows about one service beside its protocol; all of it has a default. */
export interface ProxiedService {
  /** Of a form: the version of the API. */
  readonly version?: string;
  /** Of a form: the namespace of answers and errors, as an attribute. */
  readonly namespace?: string;
  readonly query?: readonly QueryCorrection[];
  readonly json?: readonly JsonCorrection[];
  readonly throttled?: readonly [code: string, status: number];
  readonly denied?: string;
  readonly expired?: readonly [code: string, status: number];
  readonly refuses?: Readonly<Record<Because, readonly Refused[]>>;
  /** The refusal of a kind where AWS documents none for the operation. */
  readonly otherwise?: Readonly<Record<Because, string>>;
  /** What a read of one thing answers where there is none. */
  readonly absent?: readonly Refused[];
}
