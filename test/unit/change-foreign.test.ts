import { describe, expect, it } from '@jest/globals';
import { parse, planOf } from '../helpers/change-types.ts';

const errors = (text: string) => parse(text).findings.filter(({ severity }) => severity === 'error');
const codesOf = (text: string): string[] => errors(text).map(({ code, line }) => `${code} ${line}`);
const head = 'aiplan: 1\nname: test\nintent: Try it\ntarget: { account: "123456789012", region: eu-west-1 }\n';

describe('broken YAML: one error for each cause, and the rest of the file is checked', () => {
  it('a placeholder without quotes in brackets', () => {
    const text = `${head.replace('eu-west-1', '${Region}')}resources:\n  A: { type: AWS::S3::Bucket, action: delete, id: ${'${Bucket}'}, reason: r, expect: { BucketName: b } }\n  B: { type: AWS::S3::Bucket, action: read }\n`;
    expect(codesOf(text)).toEqual(['placeholder 4', 'placeholder 6', 'missing-field 7']);
    expect(errors(text)[0]).toMatchObject({
      message: '"${Region}" is a placeholder that nobody filled in',
      column: 44,
    });
  });

  it('a placeholder in double braces', () => {
    expect(
      codesOf(
        planOf(
          '  A: { type: AWS::S3::Bucket, action: read, id: {{ b }} }\n  B:\n    type: AWS::S3::Bucket\n    action: read\n    id: {{ b }}',
        ),
      ),
    ).toEqual(['placeholder 6', 'placeholder 10']);
  });

  it('a colon in a value, with the line to paste where it is a sentence', () => {
    const text = planOf('  A: { type: AWS::S3::Bucket, action: read, id: b, nonsense: 1 }').replace(
      'intent: Try it',
      'intent: Fix: move it',
    );
    expect(codesOf(text)).toEqual(['yaml-syntax 3', 'unknown-field 6']);
    expect(errors(text)[0]?.help).toBe('intent: "Fix: move it"');
    expect(
      JSON.stringify(
        errors(
          planOf(
            '  D:\n    type: AWS::RDS::DBInstance\n    action: update\n    id: d\n    properties:\n      MasterUserPassword: hun: ter2',
          ),
        ),
      ),
    ).not.toContain('ter2');
  });

  it('tabs', () => {
    const found = errors(`${head}resources:\n\tA:\n\t\ttype: AWS::S3::Bucket\n\t\taction: read\n`);
    expect(found.map(({ code, line }) => `${code} ${line}`)).toEqual(['yaml-syntax 6', 'missing-field 7']);
    expect(found[0]?.message).toBe('tabs are used as indentation in lines 6, 7, 8');
  });

  it('leaves alone what a literal block holds', () => {
    const text = `${head}resources:\n  W:\n    type: AWS::EC2::Instance\n    action: create\n    properties:\n      ImageId: ami-1\n      UserData: |\n        a: b: c {{ x }} \${Y}\n  B: { type: AWS::S3::Bucket, action: read, id: \${B} }\n`;
    expect(codesOf(text)).toEqual(['placeholder 13']);
  });

  it('any other mistake is said once, where it begins', () => {
    expect(
      codesOf(`${head}resources:\n  A: { type: AWS::S3::Bucket, action: read, id: [ b }\n  B:\n    type: "x\n`).filter(
        (code) => code.startsWith('yaml-syntax'),
      ).length,
    ).toBeLessThanOrEqual(2);
  });

  it('a code fence, and whatever stands around it', () => {
    const plan = planOf('  A: { type: AWS::S3::Bucket, action: read, id: b, nonsense: 1 }');
    expect(codesOf(`\`\`\`yaml\n${plan}\`\`\`\n`)).toEqual(['markdown-fence 1', 'unknown-field 7']);
    expect(codesOf(`Here is the plan: as asked\n\n\`\`\`\n${plan}\`\`\`\nDone: it is safe.\n`)).toEqual([
      'markdown-fence 1',
      'unknown-field 9',
    ]);
  });
});

/** What the help of the only error reads as. */
const pasted = (text: string) => {
  const found = errors(text);
  expect(found).toHaveLength(1);
  return parse(found[0]?.help ?? '');
};

describe('files of other tools: one sentence, and the change plan that they come to', () => {
  const template = `AWSTemplateFormatVersion: "2010-09-09"
Description: Web tier
Parameters:
  Type: { Type: String, Default: t3.micro }
  Image: { Type: "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", Default: /aws/ami }
  Groups: { Type: CommaDelimitedList, Default: "sg-1, sg-2" }
Resources:
  Group: { Type: AWS::EC2::SecurityGroup, Properties: { GroupDescription: !Sub "for \${Type} in \${AWS::Region} of \${AWS::StackName}" } }
  Web:
    Type: AWS::EC2::Instance
    DependsOn: [ Group, Address ]
    DeletionPolicy: Retain
    Properties:
      InstanceType: !Ref Type
      ImageId: { Ref: Image }
      KeyName: !Ref AWS::NoValue
      SecurityGroupIds: [ !GetAtt Group.GroupId ]
      UserData: { "Fn::Base64": { "Fn::Sub": "#!/bin/sh\\necho \${Type}" } }
  Address: { Type: AWS::EC2::EIP }
Outputs: { Id: { Value: !Ref Web } }
`;

  it('a CloudFormation template, with parameters filled in and references kept', () => {
    expect(errors(template)).toMatchObject([{ code: 'cloudformation-template' }]);
    const { changePlan, findings } = pasted(template);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(changePlan).toMatchObject({ name: 'web-tier', intent: 'Web tier' });
    expect(changePlan?.resources.slice(0, 2)).toMatchObject([
      { address: 'Group', action: 'create', properties: { GroupDescription: 'for t3.micro in eu-west-1 of web-tier' } },
      {
        address: 'Web',
        dependsOn: ['Group'],
        properties: {
          InstanceType: 't3.micro',
          ImageId: { 'Fn::GetAtt': ['{{resolve:ssm:/aws/ami}}', 'Value'] },
          SecurityGroupIds: [{ 'Fn::GetAtt': ['Group', 'GroupId'] }],
          UserData: '#!/bin/sh\necho t3.micro',
        },
      },
    ]);
    expect(changePlan?.resources[1]?.properties).not.toHaveProperty('KeyName');
    expect(errors(template)[0]?.help).toContain('# Address is left out: AWS::EC2::EIP is not supported yet');
  });

  it('a template in JSON', () => {
    expect(errors('{"Resources":{"B":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":"b"}}}}')).toMatchObject([
      { code: 'cloudformation-template', help: expect.stringContaining('BucketName: b') },
    ]);
  });

  it("an entry in CloudFormation's spelling, whose values are checked in the same round", () => {
    const found = errors(
      planOf('  B:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: Retain\n    Properties:\n      Nonsense: 1'),
    );
    expect(found).toMatchObject([
      {
        code: 'cloudformation-spelling',
        help: '  B:\n    type: AWS::S3::Bucket\n    action: create\n    properties:\n      Nonsense: 1',
      },
      { code: 'unknown-property', line: 10 },
    ]);
  });

  it('a Terraform configuration', () => {
    const { changePlan, findings } = pasted(`# ours
variable "size" { default = 20 }
resource "aws_security_group" "web" {
  name        = "web"
  description = "Web"
  vpc_id      = "vpc-1"
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8", "192.168.0.0/16"]
  }
}
resource "aws_instance" "web" {
  ami                    = "ami-1"
  instance_type          = "t3.micro"
  vpc_security_group_ids = [aws_security_group.web.id]
  user_data              = <<-EOF
    #!/bin/sh
    echo hi
  EOF
  tags = { Name = "web" }
}
resource "aws_ebs_volume" "data" {
  availability_zone = aws_instance.web.availability_zone
  size = var.size
}
resource "aws_lambda_function" "f" { name = "f" }
`);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(changePlan?.resources).toMatchObject([
      {
        address: 'WebSecurityGroup',
        properties: {
          GroupName: 'web',
          VpcId: 'vpc-1',
          SecurityGroupIngress: [
            { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '10.0.0.0/8' },
            { CidrIp: '192.168.0.0/16' },
          ],
        },
      },
      {
        address: 'WebInstance',
        properties: {
          ImageId: 'ami-1',
          SecurityGroupIds: [{ Ref: 'WebSecurityGroup' }],
          UserData: '#!/bin/sh\necho hi\n',
          Tags: { Name: 'web' },
        },
      },
      {
        address: 'Data',
        properties: { AvailabilityZone: { 'Fn::GetAtt': ['WebInstance', 'AvailabilityZone'] }, Size: 20 },
      },
    ]);
  });

  it('leaves out what says how a change is made, not how the resource is, and says so', () => {
    const terraform = pasted(`resource "aws_db_instance" "orders" {
  identifier                  = "orders"
  engine                      = "postgres"
  instance_class              = "db.t3.micro"
  allocated_storage           = 20
  username                    = "root1"
  apply_immediately           = true
  allow_major_version_upgrade = true
  delete_automated_backups    = true
}
`);
    const template = pasted(`AWSTemplateFormatVersion: 2010-09-09
Resources:
  Orders:
    Type: AWS::RDS::DBInstance
    Properties:
      DBInstanceIdentifier: orders
      Engine: postgres
      DBInstanceClass: db.t3.micro
      AllocatedStorage: "20"
      MasterUsername: root1
      ApplyImmediately: true
      AllowMajorVersionUpgrade: true
      DeleteAutomatedBackups: true
`);
    for (const { changePlan, findings } of [terraform, template]) {
      const isOfTheWay = (text: string): boolean =>
        /ApplyImmediately|AllowMajorVersionUpgrade|DeleteAutomated/u.test(text);
      expect(findings.filter(({ severity, message }) => severity === 'error' && isOfTheWay(message))).toEqual([]);
      const names = Object.keys(changePlan?.resources[0]?.properties ?? {});
      expect([names.includes('DBInstanceClass'), names.filter(isOfTheWay)]).toEqual([true, []]);
    }
  });

  it('never throws, whatever stands behind the beginning of a block', () => {
    for (const rest of [
      '',
      '{',
      '{ a = ',
      '{ a = [ { b = "${',
      'x\u202e { }',
      '{ __proto__ = 1 }',
      '{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{',
    ])
      expect(parse(`resource "aws_instance" "a" ${rest}`).changePlan).toBeNull();
  });
});

describe('what is not supported yet', () => {
  it('a type that AWS has, with the way to say it inline', () => {
    const attach = errors(
      planOf(
        [
          '  W: { type: AWS::EC2::Instance, action: create, properties: { ImageId: ami-1 } }',
          '  V: { type: AWS::EC2::Volume, action: create, properties: { AvailabilityZone: a, Size: 10, VolumeType: gp3 } }',
          '  A: { type: AWS::EC2::VolumeAttachment, action: create, properties: { InstanceId: !Ref W, VolumeId: !Ref V, Device: /dev/sdg } }',
        ].join('\n'),
      ),
    );
    expect(attach).toMatchObject([
      { code: 'type-not-supported', message: 'AWS::EC2::VolumeAttachment is not supported yet' },
    ]);
    expect(attach[0]?.help).toContain(
      'BlockDeviceMappings:\n    - DeviceName: /dev/sdg\n      Ebs:\n        VolumeSize: 10\n        VolumeType: gp3',
    );
    const rule = (group: string) =>
      errors(
        planOf(
          `  G: { type: AWS::EC2::SecurityGroup, action: create, properties: { GroupDescription: g } }\n  R: { type: AWS::EC2::SecurityGroupIngress, action: create, properties: { GroupId: ${group}, IpProtocol: tcp, FromPort: 1, ToPort: 2, CidrIp: 10.0.0.0/8 } }`,
        ),
      )[0]?.help;
    expect(rule('!GetAtt G.GroupId')).toContain(
      'add to the properties of G, and delete the entry R:\n  SecurityGroupIngress:\n    - IpProtocol: tcp',
    );
    expect(rule('sg-1')).toContain('R:\n    type: AWS::EC2::SecurityGroup\n    action: update\n    id: sg-1');
    for (const type of ['EC2::EIP', 'S3::BucketPolicy', 'Lambda::Function'])
      expect(errors(planOf(`  A: { type: AWS::${type}, action: create, properties: {} }`))).toMatchObject([
        {
          code: 'type-not-supported',
          message: `AWS::${type} is not supported yet`,
          help: expect.stringContaining('delete the entry'),
        },
      ]);
  });

  it('a misspelt type is said, and the entry is read on as the one that was meant', () => {
    expect(
      errors(planOf('  A: { type: AWS::EC2::Instnace, action: update, id: i-1, properties: { Nonsense: 1 } }')),
    ).toMatchObject([
      { code: 'unknown-type', message: 'AWS has no type "AWS::EC2::Instnace"; did you mean "AWS::EC2::Instance"?' },
      { code: 'unknown-property' },
    ]);
  });

  it.each(['DBSnapshotIdentifier: s', 'SourceDBInstanceIdentifier: d'])(
    '%s: without it something else is made; nothing is asked that would not be needed then',
    (property) => {
      const found = errors(
        planOf(
          `  D: { type: AWS::RDS::DBInstance, action: create, properties: { DBInstanceClass: db.t3.micro, ${property} } }`,
        ),
      );
      expect(found).toMatchObject([
        {
          code: 'property-not-supported',
          message: expect.stringContaining('not supported yet: without it something else is made'),
        },
      ]);
      expect(found[0]?.help).not.toContain('delete the line');
    },
  );

  it('names the nearest spellings, not all of them', () => {
    const [found] = errors(
      planOf('  D: { type: AWS::RDS::DBInstance, action: update, id: d, properties: { InstanceClass: db.m5.large } }'),
    );
    expect(found).toMatchObject({
      message: 'AWS::RDS::DBInstance has no property "InstanceClass"; did you mean "DBInstanceClass"?',
    });
    expect(found?.help?.split(',').length).toBeLessThanOrEqual(5);
  });

  it.each([
    ['properties: { BucketName: b }', 'create'],
    ['id: b, properties: { Tags: { a: b } }', 'update'],
    ['id: b', 'read'],
  ])('an entry without action that has %s is read on as %s', (fields, action) => {
    expect(errors(planOf(`  B: { type: AWS::S3::Bucket, ${fields} }`))).toMatchObject([
      { code: 'missing-field', help: `action: ${action}` },
    ]);
  });

  it.each([
    ['destroy', 'delete'],
    ['modify', 'update'],
    ['Add', 'create'],
  ])('action: %s means %s', (word, action) => {
    expect(errors(planOf(`  B: { type: AWS::S3::Bucket, action: ${word} }`))).toEqual(
      expect.arrayContaining([expect.objectContaining({ code: 'value-not-allowed', help: `action: ${action}` })]),
    );
  });
});
