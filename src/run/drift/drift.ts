import type { Json } from '../../base/json.ts';

/** Something that is no longer as it was planned; in a list, one element that came or went. */
export interface Drift {
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  readonly inList: boolean;
}
