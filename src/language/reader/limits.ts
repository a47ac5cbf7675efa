/** The limits of a change plan. A file beyond any of these is refused as a whole. */
export const limits = {
  /** UTF-16 code units of the file. 10,000 resources are about 2.3 million, read in about 5 s and 450 MB. */
  characters: 6_000_000,
  resources: 20_000,
  /** Scalars, lists and maps in the whole file. */
  values: 1_000_000,
  /** Lists and maps inside each other. */
  depth: 32,
  /** Characters of one text: EC2 user data is 16 KiB, a bucket policy 20 KiB (both AWS limits). */
  text: 65_536,
  /** Characters of `intent`, `reason`, `accept_loss` and one entry of `assume`. */
  prose: 2_000,
  assumptions: 50,
  /** Findings that are listed; the last one says how many more there are. */
  findings: 1_000,
} as const;
