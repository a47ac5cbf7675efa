/**
 * When an object may be written: where none is, or over exactly the one that was read. There is no third way (law 6).
 */
export type PutCondition = { readonly kind: 'absent' } | { readonly kind: 'unchanged'; readonly etag: string };

export interface StoredObject {
  readonly text: string;
  readonly etag: string;
  /** S3's clock, milliseconds since 1970, whole seconds: when the object was written, and when it was read. */
  readonly writtenAt: number;
  readonly readAt: number;
  /** This very connection wrote it, as the mark on the object tells. Absent: objects carry no marks here. */
  readonly ours?: boolean;
}

/** The facts about a bucket that a store needs. */
export interface BucketFacts {
  readonly versioning: 'Enabled' | 'Suspended' | 'off';
  /** Null: no Object Lock. `retention` in words, null where the bucket has no default. */
  readonly objectLock: { readonly retention: string | null } | null;
}

/** A key that was written more than once, or deleted. `at`: when that last happened, ISO 8601. */
export interface RewrittenKey {
  readonly key: string;
  readonly how: 'deleted' | 'overwritten';
  readonly at: string;
}

/**
 * One prefix of one bucket, as the store in S3 sees it. Keys are relative to the prefix. Everything is sent once: who
 * calls decides what a lost answer means. All methods throw AwsError, and UserError `gate-refused` for what a store
 * never does.
 */
export interface StoreBucket {
  /** `s3://bucket/prefix`. */
  readonly place: string;
  /**
   * Writes a whole object under a condition. `stored: false`: the condition did not hold (HTTP 412), nothing was
   * written.
   */
  put(
    key: string,
    text: string,
    condition: PutCondition,
  ): Promise<{ readonly stored: true; readonly etag: string } | { readonly stored: false }>;
  /** Null where there is none. */
  get(key: string): Promise<StoredObject | null>;
  /**
   * Keys below a folder, sorted, without the folder, every page; with `folders` the names of the folders in it instead.
   */
  list(folder: string, options?: { readonly after?: string; readonly folders?: boolean }): Promise<readonly string[]>;
  /** Keys below the prefix of which there is more than one version, or that somebody deleted; every page. */
  rewritten(): Promise<readonly RewrittenKey[]>;
  facts(): Promise<BucketFacts>;
  close(): void;
}
