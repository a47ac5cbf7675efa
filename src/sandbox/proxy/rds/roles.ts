import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { rdsAnswer } from '../protocol/query.ts';
import { refuseUnless } from './modify.ts';
import { memoryOf } from './memory.ts';

type Asked = { readonly name: string; readonly feature: string; readonly arn: string };

const askedOf = ({ asked }: QueryContext): Asked => ({
  name: asked.get('DBInstanceIdentifier') ?? '',
  feature: asked.get('FeatureName') ?? '',
  arn: asked.get('RoleArn') ?? '',
});

/** AddRoleToDBInstance and RemoveRoleFromDBInstance (RDS API reference, with their errors). */
export const roles: readonly QueryCorrection[] = [
  {
    operations: ['AddRoleToDBInstance'],
    answers: 'one role per feature, kept by the sandbox',
    async before(context) {
      const { name, feature, arn } = askedOf(context);
      await refuseUnless(context, name, ['available']);
      const memory = memoryOf(context.world, name).roles;
      if (Object.hasOwn(memory, feature) || Object.values(memory).includes(arn))
        throw new Refusal(
          'DBInstanceRoleAlreadyExists',
          `The role ${arn}, or another one for ${feature}, is already associated with DB instance ${name}`,
        );
      memory[feature] = arn;
      return rdsAnswer(context.operation, []);
    },
  },
  {
    operations: ['RemoveRoleFromDBInstance'],
    answers: 'the role is taken away; the emulator does not know the operation',
    async before(context) {
      const { name, feature, arn } = askedOf(context);
      await refuseUnless(context, name, ['available']);
      const memory = memoryOf(context.world, name).roles;
      if (memory[feature] !== arn)
        throw new Refusal(
          'DBInstanceRoleNotFound',
          `The role ${arn} is not associated with DB instance ${name} for ${feature}`,
          404,
        );
      delete memory[feature];
      return rdsAnswer(context.operation, []);
    },
  },
];
