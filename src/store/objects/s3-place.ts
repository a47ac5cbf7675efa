import { UserError } from '../../base/error.ts';
import { sanitise } from '../../base/sanitise.ts';

/** A store in S3: its bucket, and its prefix without slashes at the ends; empty: the whole bucket. */
export interface S3Place {
  readonly bucket: string;
  readonly prefix: string;
}

/**
 * Reads `s3://bucket/prefix`. Bucket names: S3 user guide, "Bucket naming rules"; of the characters of keys only those
 * that need no encoding anywhere. Throws UserError `bad-configuration`.
 */
export function s3Place(text: string): S3Place {
  const found = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9._/-]+))?$/u.exec(text);
  const [, bucket = '', prefix = ''] = found ?? [];
  if (found === null || (prefix !== '' && prefix.split('/').some((part) => part === '' || /^\.+$/u.test(part)))) {
    throw new UserError('bad-configuration', `"store" is "${sanitise(text)}", which is not s3://bucket/prefix`, {
      help: 'for example s3://team-aiplan/prod: letters, digits, dots, hyphens and underscores, no slash at the end',
    });
  }
  return { bucket, prefix };
}
