/** The limits of a change plan. A file beyond any of these is refused as a whole. */
export const limits = {
  /** UTF-16 code units of the file. 10,000 resources are about 3 million. */
  characters: 16_000_000,
  /** The same, where the file uses rare YAML (folded text, multi-line scalars) that takes the slow reader. */
  charactersOfRareYaml: 4_000_000,
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
