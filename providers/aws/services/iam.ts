import type { ServiceRecord } from './service.ts';

declare module '../../../src/domain/call.ts' {
  interface Services {
    readonly iam: true;
  }
}

/** AWS Identity and Access Management: instance profiles. */
export const iam: ServiceRecord = {
  name: 'iam',
  sdkId: 'IAM',
  protocol: 'query',
  async load() {
    const {
      AddRoleToInstanceProfileCommand,
      CreateInstanceProfileCommand,
      DeleteInstanceProfileCommand,
      GetInstanceProfileCommand,
      GetRoleCommand,
      IAMClient,
      ListInstanceProfileTagsCommand,
      ListInstanceProfilesCommand,
      RemoveRoleFromInstanceProfileCommand,
      TagInstanceProfileCommand,
      UntagInstanceProfileCommand,
    } = await import('@aws-sdk/client-iam');
    return {
      Client: IAMClient,
      commands: {
        AddRoleToInstanceProfileCommand,
        CreateInstanceProfileCommand,
        DeleteInstanceProfileCommand,
        GetInstanceProfileCommand,
        GetRoleCommand,
        ListInstanceProfileTagsCommand,
        ListInstanceProfilesCommand,
        RemoveRoleFromInstanceProfileCommand,
        TagInstanceProfileCommand,
        UntagInstanceProfileCommand,
      },
    };
  },
  always: {
    GetInstanceProfile: ['InstanceProfile.Roles'],
    GetRole: ['Role'],
    ListInstanceProfileTags: ['Tags', 'IsTruncated'],
    ListInstanceProfiles: ['InstanceProfiles', 'InstanceProfiles.*.Roles', 'IsTruncated'],
  },
  reads: `
    GetInstanceProfile GetRole ListInstanceProfileTags ListInstanceProfiles`,
  extent: 'used',
  discloses: {
    GetAccountAuthorizationDetails: 'every policy of the account',
    GetCredentialReport: 'the state of all credentials',
    GetAccessKeyLastUsed: 'the owner of an access key',
    GetSSHPublicKey: 'the keys of users',
  },
  // AddRoleToInstanceProfile: "The caller of this operation must be granted the PassRole permission on the IAM role".
  actions: new Map([['AddRoleToInstanceProfile', ['AddRoleToInstanceProfile', 'PassRole']]]),
};
