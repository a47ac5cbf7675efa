import type { QueryCorrection, Refusal } from './correction.ts';
import type { Parameters } from './parameters.ts';
import { child, textAt, type Element } from './xml.ts';

/** Tags of one resource; those of AWS itself do not count (Tagging AWS Resources, "Tag naming limits and requirements"). */
export const mostTags = 50;

/** How many of these keys count. */
export const counted = (keys: Iterable<string>): number =>
  [...new Set(keys)].filter((key) => !key.toLowerCase().startsWith('aws:')).length;

const keysOf = (tags: readonly Parameters[]): readonly string[] => tags.map((tag) => tag.get('Key') ?? '');

/** The sets of tags that a request gives to what it makes. */
export const givenBy = (parameters: Parameters): readonly (readonly string[])[] => [
  ...parameters.structures('TagSpecification').map((one) => keysOf(one.structures('Tag'))),
  keysOf([...parameters.structures('Tags.Tag'), ...parameters.structures('Tags.member')]),
];

/** Throws the refusal of the service where there are more tags than a resource takes. */
export function refuseMore(keys: Iterable<string>, refusal: () => Refusal): void {
  if (counted(keys) > mostTags) throw refusal();
}

/** Every `Key` of a tag in an answer. */
export const keysIn = (answer: Element): readonly string[] =>
  answer.name === 'Tag' && child(answer, 'Key') !== undefined
    ? [textAt(answer, 'Key')]
    : answer.children.flatMap(keysIn);

/** What would have more tags than a resource takes is not made. */
export const tagLimit = (makers: readonly string[], refusal: () => Refusal): QueryCorrection => ({
  operations: makers,
  answers: 'what would have more than 50 tags is not made; the emulator makes it and then refuses, or takes all',
  before({ parameters }) {
    for (const keys of givenBy(parameters)) refuseMore(keys, refusal);
  },
});
