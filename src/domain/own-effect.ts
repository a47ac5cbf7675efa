import type { Json, JsonObject } from '../base/json.ts';
import type { LiveResource } from './live.ts';

/** The effect of a run on one resource, as far as the run has come with it. */
export interface OwnEffect {
  readonly type: string;
  readonly identity: string;
  readonly what: 'changed' | 'made' | 'removed';
  /** Before the step; null for what was made. */
  readonly before: LiveResource | null;
  /** As read after the step; null where it is gone, or was not read yet. */
  readonly after: LiveResource | null;
  /** The properties that the step gives it, references resolved; they count while `after` is null. */
  readonly wanted: JsonObject | null;
  /** It came back in place of something that is gone: AWS and the run point others at it. */
  readonly restored?: true;
}

/**
 * Another resource that has to do with one beyond what its properties name. `along`: AWS attaches, detaches or deletes
 * it together with that one.
 */
export interface Tie {
  readonly type: string;
  readonly identity: string;
  readonly along: boolean;
}

/**
 * The thing that an element of a fact is about. `type` null: any; `identity` null: some resource of the type, AWS does
 * not say which.
 */
export interface Subject {
  readonly type: string | null;
  readonly identity: string | null;
}

/**
 * How the facts of a resource hang together with other resources, as far as the schema's relations do not say it: so
 * that what a run does to one of them is not taken for somebody else's change of another. Pure functions that do not
 * throw on odd values.
 */
export interface Neighbours {
  readonly ties?: (live: LiveResource) => readonly Tie[];
  /** The resource as it reads once the effect on another one shows in it; the same object where it does not. */
  readonly shows?: (live: LiveResource, effect: OwnEffect) => LiveResource;
  /**
   * The subjects of an element of a list of binding facts. Absent: the resource that it names, else the first word is
   * an identity.
   */
  readonly about?: (live: LiveResource, fact: string, element: Json) => readonly Subject[];
  /** Binding facts that follow from others, and from which. */
  readonly follows?: Readonly<Record<string, readonly string[]>>;
}
