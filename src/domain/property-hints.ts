/** Knowledge about a property beyond its value: for showing changes, never for deciding anything. */
export interface PropertyKnowledge {
  /** AWS's own documentation line; null where there is none. */
  readonly documentation: string | null;
  /** An IAM policy document: compared by statement. */
  readonly policy: boolean;
  /** A list whose order has no meaning. */
  readonly set: boolean;
  /** Prose or a script: compared word by word however short it is. */
  readonly text: boolean;
}

/**
 * `path` as in `AttributeChange.path`: `SecurityGroupIngress[tcp 22 22 0.0.0.0/0]`, `Tags.owner`, `PolicyDocument`.
 * Never throws.
 */
export type Knowledge = (type: string, path: string) => PropertyKnowledge;

const nothing: PropertyKnowledge = { documentation: null, policy: false, set: false, text: false };

/** Where nothing is known: values are shown by their shape. */
export const noKnowledge: Knowledge = () => nothing;
