/**
 * A run that stopped somewhere and was neither resumed, rolled back nor abandoned. It blocks its own resources and no
 * others.
 */
export interface OpenRun {
  readonly run: string;
  readonly planName: string;
  /** Somebody works on it right now. */
  readonly atWork?: boolean;
  /** Resources that it changed, made or still has to change. */
  readonly resources: readonly { readonly type: string; readonly identity: string }[];
  /** Creates that it began or was about to begin, by address: of a lost call nobody knows the identity. */
  readonly creates: readonly { readonly type: string; readonly address: string }[];
}
