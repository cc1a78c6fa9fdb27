import { Stack } from 'aws-cdk-lib';
import { CfnDocument } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { Settings } from '../src/settings/settings.ts';
import { renderCommandDocument } from './command-document.ts';

/** One SSM Command document; its name ends with a hash of its content, so a change is a new document. */
export class CommandDocument extends Construct {
  readonly documentName: string;
  readonly documentArn: string;
  /** Begins the name of every version of this document: what event patterns match. */
  readonly namePrefix: string;

  constructor(scope: Construct, id: 'GenerateCsr' | 'DeployCertificate', settings: Settings) {
    super(scope, id);
    const { content, hash8, baseName } = renderCommandDocument(id);
    this.namePrefix = `${settings.namePrefix}${baseName}-`;
    this.documentName = `${this.namePrefix}${hash8}`;
    this.documentArn = Stack.of(this).formatArn({
      service: 'ssm',
      resource: 'document',
      resourceName: this.documentName,
    });
    new CfnDocument(this, 'Resource', {
      name: this.documentName,
      documentType: 'Command',
      documentFormat: 'JSON',
      content,
    });
  }
}

/** The two commands that hosts run for certvend. No host ever needs to accept AWS-RunShellScript. */
export class CommandDocuments extends Construct {
  readonly generateCsr: CommandDocument;
  readonly deployCertificate: CommandDocument;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.generateCsr = new CommandDocument(this, 'GenerateCsr', settings);
    this.deployCertificate = new CommandDocument(this, 'DeployCertificate', settings);
  }
}
