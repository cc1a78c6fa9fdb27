import { Aws, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { CfnSubscription, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { NAMES } from '../src/settings/names.ts';
import type { Settings } from '../src/settings/settings.ts';

/** Services that report to the topic. The AWS-managed key of SNS would lock them out, hence the key of our own. */
const REPORTING_SERVICES: readonly string[] = ['cloudwatch.amazonaws.com', 'events.amazonaws.com'];

/** How people hear of failures: an encrypted topic with an e-mail subscription. */
export class Notifications extends Construct {
  readonly topic: Topic;
  readonly key: Key;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: `Encrypts what waits in ${settings.namePrefix}${NAMES.topic}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY, // nothing outlives the minutes a notice waits for its delivery
    });
    this.topic = new Topic(this, 'Topic', {
      topicName: `${settings.namePrefix}${NAMES.topic}`,
      masterKey: this.key,
      enforceSSL: true,
    });
    const ofThisAccount = {
      principals: REPORTING_SERVICES.map((service) => new ServicePrincipal(service)),
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    };
    this.key.addToResourcePolicy(
      new PolicyStatement({
        ...ofThisAccount,
        sid: 'ServicesThatReport',
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'], // in a key policy this is the key itself
      }),
    );
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        ...ofThisAccount,
        sid: 'ServicesThatReport',
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
      }),
    );
    new CfnSubscription(this, 'Email', {
      topicArn: this.topic.topicArn,
      protocol: 'email',
      endpoint: settings.snsSubscriberEmail,
    });
  }
}
