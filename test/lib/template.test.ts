import { describe, expect, it } from 'vitest';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { parseRuntimeSettings } from '../../src/settings/runtime-settings.ts';
import { appOf, list, record, resources, stackOf, templateOf, text } from './stacks.ts';

const template = templateOf();
const named = (of: Template, type: string, property: string): string[] =>
  resources(of, type)
    .map(({ properties }) => text(properties[property]))
    .sort();

describe('names and outputs of the contract', () => {
  it.each([
    [
      'AWS::Lambda::Function',
      'FunctionName',
      ['CRLProcessor', 'CertCheck-Trigger', 'CertDeploy', 'CertIssue'],
    ],
    ['AWS::DynamoDB::Table', 'TableName', ['certificate-ledger', 'certificates']],
    ['AWS::SNS::Topic', 'TopicName', ['FailedCertRotationTopic']],
    ['AWS::RolesAnywhere::TrustAnchor', 'Name', ['IAMRA-TA1']],
    ['AWS::RolesAnywhere::Profile', 'Name', ['IAMRA-Profile']],
  ])('%s', (type, property, names) => {
    expect(named(template, type, property)).toEqual(names);
  });

  it('outputs', () => {
    expect(Object.keys(template.findOutputs('*'))).toEqual([
      'PCAARN',
      'IAMRATrustAnchorARN',
      'IAMRAProfileARN',
      'IAMRARoleARN',
      'CRLBucketName',
    ]);
  });

  it('the address is subscribed to the topic', () => {
    template.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'ops@example.com',
    });
  });
});

describe('two stacks in one app and account (defect 16)', () => {
  const app = appOf();
  const one = stackOf({ namePrefix: 'one-' }, app, 'one');
  const two = stackOf({ namePrefix: 'two-' }, app, 'two');
  /** Every property that fixes a name in the account; other properties of these spellings refer to something. */
  const NAMING = new Set([
    'Name',
    'TableName',
    'TopicName',
    'QueueName',
    'RoleName',
    'ManagedPolicyName',
    'LogGroupName',
  ]);
  const physicalNames = (of: Template): string[] =>
    resources(of).flatMap(({ type, properties }) =>
      Object.entries(properties)
        .filter(([key]) => NAMING.has(key) || (key === 'FunctionName' && type === 'AWS::Lambda::Function'))
        .map(([, value]) => text(value)),
    );

  it('share no fixed name', () => {
    const [names, others] = [physicalNames(Template.fromStack(one)), physicalNames(Template.fromStack(two))];
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => others.includes(name))).toEqual([]);
    expect(names.filter((name) => !/^(\/aws\/lambda\/)?one-/.test(name))).toEqual([]);
  });

  it('match only the events of their own documents', () => {
    const prefixes = resources(Template.fromStack(one), 'AWS::Events::Rule')
      .map(({ properties }) => record(record(properties['EventPattern'])['detail'])['document-name'])
      .flatMap(list);
    expect(prefixes).toEqual([
      { prefix: 'one-certvend-GenerateCsr-' },
      { prefix: 'one-certvend-DeployCertificate-' },
    ]);
  });
});

describe('every partition (defect 17)', () => {
  /** All but the documents: their patterns describe ARNs, and their shell is no template. */
  const whole = JSON.stringify(resources(template).filter(({ type }) => type !== 'AWS::SSM::Document'));

  it('no ARN names one', () => {
    expect(whole.match(/arn:aws[a-z-]*:/g)).toBeNull();
  });

  it('no account and no Region is fixed', () => {
    expect(whole.match(/\b\d{12}\b|\b[a-z]{2}-[a-z]+-\d\b/g)).toBeNull();
  });
});

describe('functions (defect 23)', () => {
  it('run on arm64 and Node.js 24, for at most 30 seconds', () => {
    const shared = { Runtime: 'nodejs24.x', Architectures: ['arm64'], Timeout: 30, Handler: 'index.handler' };
    template.resourcePropertiesCountIs('AWS::Lambda::Function', Match.objectLike(shared), 4);
  });

  it('have a log group and a role each', () => {
    const own = resources(template, 'AWS::Lambda::Function').map(({ properties }) => [
      text(properties['Role']),
      text(record(properties['LoggingConfig'])['LogGroup']),
    ]);
    expect(new Set(own.flat()).size).toBe(8);
  });

  it('are the only ones: no custom resource, no helper of the CDK', () => {
    expect(resources(template).filter(({ type }) => /^Custom::|CustomResource/.test(type))).toEqual([]);
    template.resourceCountIs('AWS::Lambda::Function', 4);
  });

  it('are told all that they read', () => {
    const [certCheck] = resources(template, 'AWS::Lambda::Function');
    const variables = record(record(certCheck?.properties['Environment'])['Variables']);
    expect(Object.keys(variables).sort()).toEqual([
      'CERTVEND',
      'POWERTOOLS_METRICS_NAMESPACE',
      'POWERTOOLS_SERVICE_NAME',
    ]);
    expect(parseRuntimeSettings(text(variables['CERTVEND']))).toMatchObject({
      inventoryTable: '<InventoryTable>',
      dueIndex: 'due',
      signingAlgorithm: 'SHA256WITHRSA',
      hostDefaults: {
        certPath: '/etc/certvend',
        keyAlgorithm: 'RSA_2048',
        validation: 'required',
        endpoint: '',
      },
      policy: {
        validitySeconds: 604_800,
        mustSurviveSeconds: 172_800,
        checkIntervalSeconds: 900,
        startsPerSecond: 4,
      },
    });
  });
});

describe('what wakes the functions', () => {
  it('the stream, without one record blocking the others', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': ['InventoryTable', 'StreamArn'] },
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 3,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
    });
  });

  it('the deployment queue, at most so many at a time', () => {
    const paced = templateOf({ deploymentConcurrency: 7 });
    paced.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      ScalingConfig: { MaximumConcurrency: 7 },
    });
  });

  it.each([
    ['15m', 'rate(15 minutes)'],
    ['1m', 'rate(1 minute)'],
    ['2h', 'rate(120 minutes)'],
  ])('a tick every %s', (checkInterval, ScheduleExpression) => {
    templateOf({ checkInterval }).hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression,
      Target: { Input: '{"certvend":"tick"}' },
    });
  });

  it('finished commands only, of any version of our documents', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.ssm'],
        'detail-type': ['EC2 Command Invocation Status-change Notification'],
        detail: {
          'document-name': [{ prefix: 'certvend-GenerateCsr-' }],
          status: [{ 'anything-but': ['Pending', 'InProgress', 'Delayed', 'Cancelling'] }],
        },
      },
    });
  });

  it('the CRL of our CA', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        detail: { bucket: { name: [{ Ref: 'CrlBucket' }] }, object: { key: [{ wildcard: 'crl/*.crl' }] } },
      },
    });
    template.hasResourceProperties('AWS::S3::Bucket', {
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    });
  });
});

describe('notices', () => {
  it('come from CloudWatch and EventBridge of this account, through a key that both may use', () => {
    const ofThisAccount = {
      Principal: { Service: ['cloudwatch.amazonaws.com', 'events.amazonaws.com'] },
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    };
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({ ...ofThisAccount, Action: ['kms:Decrypt', 'kms:GenerateDataKey*'] }),
        ]),
      },
    });
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({ ...ofThisAccount, Action: 'sns:Publish' })]),
      },
    });
  });

  it('every alarm goes to the topic', () => {
    const actions = resources(template, 'AWS::CloudWatch::Alarm').map(
      ({ properties }) => list(properties['AlarmActions']).length,
    );
    expect(actions).toEqual(Array<number>(17).fill(1));
  });

  it('certificates of others raise no alarm where the CA is shared', () => {
    const foreign = { MetricName: 'ForeignIssuances' };
    template.resourcePropertiesCountIs('AWS::CloudWatch::Alarm', foreign, 1);
    templateOf({ sharedCA: true }).resourcePropertiesCountIs('AWS::CloudWatch::Alarm', foreign, 0);
  });
});
