import type { Finding } from '../../domain/finding.ts';
import { isObject, type Json } from '../../base/json.ts';
import type { Planned } from '../../domain/plan.ts';
import { rejecting, sentenceOf, type Source } from './source.ts';

/**
 * A rollback goes as far as it can: steps that are blocked are left out of its plan, as if the reviewer had rejected
 * them, and so is what must not happen without them. Each stays in the plan as a warning that says why, and the
 * rollback ends as incomplete. A plan with an error that is about no step stays blocked as a whole, and anything but a
 * rollback is planned as it is. `planOf` plans a source against the same reading of AWS.
 */
export async function asFarAsPossible<Made extends { readonly planned: Planned }>(
  given: Source,
  planOf: (source: Source) => Promise<Made>,
): Promise<Made & { readonly source: Source }> {
  if (given.changePlan.rollbackOf === undefined) return { ...(await planOf(given)), source: given };
  let source = withoutEntry(given);
  for (;;) {
    const made = await planOf(source);
    const left = leftBy(source, made.planned);
    if (left.length === 0) return { ...made, source };
    source = leaving(source, left);
  }
}

const isError = ({ severity }: Finding): boolean => severity === 'error';

/** A part for which the generated rollback has no step stands against nothing else. */
function withoutEntry(source: Source): Source {
  const addresses = new Set((source.whole ?? source).changePlan.resources.map(({ address }) => address));
  const stands = (finding: Finding): boolean =>
    isError(finding) && finding.step !== null && !addresses.has(finding.step);
  const left = source.findings.filter(stands);
  const mended =
    left.length === 0
      ? source
      : {
          ...source,
          findings: source.findings.map((finding) =>
            stands(finding) ? { ...finding, severity: 'warning' as const } : finding,
          ),
          incomplete: [...new Set([...source.incomplete, ...left.map(sentenceOf)])],
        };
  return mended.whole === undefined ? mended : { ...mended, whole: withoutEntry(mended.whole) };
}

/**
 * Why steps of this plan are left out, one finding or more for each; none where every error is about no step, or there
 * is none.
 */
function leftBy({ changePlan }: Source, { plan, work }: Planned): readonly Finding[] {
  const steps = new Set(plan.steps.map(({ id }) => id));
  const errors = plan.findings.filter(isError);
  if (errors.some(({ step }) => step === null || !steps.has(step))) return [];
  const left = new Set(errors.map(({ step }) => step ?? ''));
  const without: Finding[] = [];
  for (const entry of changePlan.resources) {
    if (entry.action !== 'delete' || left.has(entry.address)) continue;
    const user = [...left].find(
      (address) => entry.id !== undefined && names(work.get(address)?.live ?? null, entry.id),
    );
    const missing = entry.onlyWith !== undefined && left.has(entry.onlyWith) ? entry.onlyWith : user;
    if (missing !== undefined)
      without.push({
        code: 'rollback-needs',
        severity: 'error',
        step: entry.address,
        line: null,
        column: null,
        message: `it stays, because "${missing}" is not undone${missing === user ? ` and names ${entry.id ?? ''}` : ''}`,
      });
  }
  return [...errors, ...without];
}

/** Whether anything of a resource is this text. */
function names(resource: { readonly properties: Json; readonly attributes: Json } | null, identity: string): boolean {
  const has = (value: Json | undefined): boolean =>
    typeof value === 'string'
      ? value === identity
      : Array.isArray(value)
        ? value.some((item: Json) => has(item))
        : isObject(value) && Object.values(value).some(has);
  return resource !== null && (has(resource.properties) || has(resource.attributes));
}

/** The source without the steps that these findings are about. */
const leaving = (source: Source, why: readonly Finding[]): Source =>
  rejecting(
    source,
    [...(source.changePlan.rejected ?? []), ...why.flatMap(({ step }) => step ?? [])],
    [...(source.left ?? []), ...why.map((finding) => ({ ...finding, line: null, column: null }))],
  );
