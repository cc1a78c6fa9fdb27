import { Stack, Stage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { NAMES } from '../src/settings/names.ts';
import type { Settings } from '../src/settings/settings.ts';
import { writeBundle, type FunctionEntry } from './bundle.ts';
import * as may from './permissions.ts';
import { runtimeSettings, type Resources } from './runtime.ts';
import { WorkflowFunction, type WorkflowFunctionProps } from './workflow-function.ts';

/** Where the code of a function comes from. */
export type FunctionCode = (entry: FunctionEntry) => Code;

/** The four functions, each with exactly what its workflow needs. */
export class Functions extends Construct {
  readonly certCheck: WorkflowFunction;
  readonly certIssue: WorkflowFunction;
  readonly certDeploy: WorkflowFunction;
  readonly crlProcessor: WorkflowFunction;
  private readonly common: Pick<WorkflowFunctionProps, 'runtimeSettings' | 'metricsService'>;
  private readonly code: FunctionCode;

  constructor(scope: Construct, id: string, settings: Settings, resources: Resources, code?: FunctionCode) {
    super(scope, id);
    this.code = code ?? ((entry) => Code.fromAsset(writeBundle(entry, outdirOf(this))));
    this.common = {
      runtimeSettings: Stack.of(this).toJsonString(runtimeSettings(settings, resources)),
      metricsService: `${settings.namePrefix}certvend`,
    };
    const name = (fixed: string): string => `${settings.namePrefix}${fixed}`;
    this.certCheck = this.createCertCheck(name(NAMES.certCheck), resources);
    this.certIssue = this.createCertIssue(name(NAMES.certIssue), resources);
    this.certDeploy = this.createCertDeploy(name(NAMES.certDeploy), resources);
    this.crlProcessor = this.createCrlProcessor(name(NAMES.crlProcessor), resources);
  }

  private createCertCheck(
    functionName: string,
    { inventory, queues, notifications }: Resources,
  ): WorkflowFunction {
    return new WorkflowFunction(this, 'CertCheck', {
      ...this.common,
      functionName,
      description: 'Decides which hosts need a certificate, starts their attempts and reports failures',
      code: this.code('cert-check'),
      deadLetterQueue: queues.deadLetters.check,
      permissions: [
        may.readInventoryStream(inventory),
        may.queryDueHosts(inventory),
        may.onInventory('ReadAndClaimRows', inventory, [
          'dynamodb:Scan',
          'dynamodb:BatchGetItem',
          'dynamodb:GetItem',
          'dynamodb:UpdateItem',
        ]),
        may.onLedger('ReadAndCountInLedger', inventory, ['dynamodb:GetItem', 'dynamodb:UpdateItem']),
        may.queryLedgerByHost(inventory),
        may.send('SendToWorkQueues', queues.issuance, queues.deployment),
        ...may.publish(notifications),
        may.readNodeStates(),
      ],
    });
  }

  private createCertIssue(
    functionName: string,
    { inventory, queues, authority, documents }: Resources,
  ): WorkflowFunction {
    return new WorkflowFunction(this, 'CertIssue', {
      ...this.common,
      functionName,
      description: 'Asks a host for a signing request, checks it and has the CA sign it',
      code: this.code('cert-issue'),
      permissions: [
        may.consume('ConsumeIssuance', queues.issuance),
        may.send('SendToWorkQueues', queues.issuance, queues.deployment),
        ...attemptState(inventory, ['dynamodb:PutItem', 'dynamodb:UpdateItem']),
        may.sendCommand(this, documents.generateCsr),
        may.readCommandResults(),
        may.issueCertificate(authority),
      ],
    });
  }

  private createCertDeploy(
    functionName: string,
    { inventory, queues, authority, documents }: Resources,
  ): WorkflowFunction {
    return new WorkflowFunction(this, 'CertDeploy', {
      ...this.common,
      functionName,
      description:
        'Brings an issued certificate to its host, where it must prove itself before it replaces the old one',
      code: this.code('cert-deploy'),
      permissions: [
        may.consume('ConsumeDeployment', queues.deployment),
        may.send('LookAgainLater', queues.deployment),
        ...attemptState(inventory, ['dynamodb:PutItem', 'dynamodb:GetItem', 'dynamodb:UpdateItem']),
        may.sendCommand(this, documents.deployCertificate),
        may.readCommandResults(),
        may.getCertificate(authority),
      ],
    });
  }

  private createCrlProcessor(
    functionName: string,
    { inventory, queues, authority }: Resources,
  ): WorkflowFunction {
    return new WorkflowFunction(this, 'CrlProcessor', {
      ...this.common,
      functionName,
      description: 'Brings the CRL of the CA into Roles Anywhere and marks revoked certificates',
      code: this.code('crl-processor'),
      deadLetterQueue: queues.deadLetters.revocation,
      permissions: [
        ...may.readCrls(authority.crlBucket),
        ...may.importCrls(this),
        may.onLedger('MarkRevokedInLedger', inventory, ['dynamodb:BatchGetItem', 'dynamodb:UpdateItem']),
        may.onInventory('MarkRevokedHosts', inventory, ['dynamodb:GetItem', 'dynamodb:UpdateItem']),
      ],
    });
  }
}

/** What an attempt of issuing or deploying reads and writes. */
const attemptState = (
  inventory: Resources['inventory'],
  ledgerActions: readonly string[],
): may.Permission[] => [
  may.onInventory('ReadAndWriteRows', inventory, ['dynamodb:GetItem', 'dynamodb:UpdateItem']),
  may.onLedger('WriteLedger', inventory, ledgerActions),
  may.queryLedgerByHost(inventory),
];

function outdirOf(construct: Construct): string {
  const stage = Stage.of(construct);
  if (stage === undefined)
    throw new Error(`${construct.node.path} is in no CDK app; create it below a stack of an app`);
  return stage.outdir;
}
