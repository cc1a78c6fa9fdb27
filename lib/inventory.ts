import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { DUE_INDEX, LEDGER_HOST_INDEX, NAMES } from '../src/settings/names.ts';
import type { Settings } from '../src/settings/settings.ts';
import { keep } from './retention.ts';

/** What is stored: a row per host (`certificates`) and an entry per certificate ever asked for (`certificate-ledger`). */
export class Inventory extends Construct {
  readonly inventory: Table;
  readonly ledger: Table;
  /** The stream of the inventory: every change of a row, with the row before and after it. */
  readonly streamArn: string;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.inventory = new Table(this, 'Inventory', {
      ...common(settings),
      tableName: `${settings.namePrefix}${NAMES.inventoryTable}`,
      partitionKey: { name: 'hostID', type: AttributeType.STRING },
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
    });
    // Sparse: only rows with a next check are in it, so a tick costs what is due, not what the fleet is.
    this.inventory.addGlobalSecondaryIndex({
      indexName: DUE_INDEX,
      partitionKey: { name: 'checkShard', type: AttributeType.STRING },
      sortKey: { name: 'nextCheckAt', type: AttributeType.STRING },
      projectionType: ProjectionType.KEYS_ONLY,
    });
    this.ledger = new Table(this, 'Ledger', {
      ...common(settings),
      tableName: `${settings.namePrefix}${NAMES.ledgerTable}`,
      partitionKey: { name: 'certificateArn', type: AttributeType.STRING },
      timeToLiveAttribute: 'deleteAt',
    });
    this.ledger.addGlobalSecondaryIndex({
      indexName: LEDGER_HOST_INDEX,
      partitionKey: { name: 'hostID', type: AttributeType.STRING },
      sortKey: { name: 'issuedAt', type: AttributeType.STRING },
      projectionType: ProjectionType.ALL,
    });
    keep('InventoryTable', this.inventory, settings);
    keep('LedgerTable', this.ledger, settings);
    const { tableStreamArn } = this.inventory;
    if (tableStreamArn === undefined)
      throw new Error('the inventory has no stream; set the property stream of its table');
    this.streamArn = tableStreamArn;
  }
}

const common = (settings: Settings) => ({
  billingMode: BillingMode.PAY_PER_REQUEST,
  deletionProtection: settings.removalPolicy === 'retain',
  pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
});
