/**
 * dynalite without its HTTP server: the same validations, then the action on the in-memory store. What dynalite does not
 * know, it drops silently; the allow-list of parameters stands in `operations.ts`.
 */
import batchGetItem from 'dynalite/actions/batchGetItem.js';
import createTable from 'dynalite/actions/createTable.js';
import deleteItem from 'dynalite/actions/deleteItem.js';
import describeTable from 'dynalite/actions/describeTable.js';
import getItem from 'dynalite/actions/getItem.js';
import listTables from 'dynalite/actions/listTables.js';
import putItem from 'dynalite/actions/putItem.js';
import query from 'dynalite/actions/query.js';
import scan from 'dynalite/actions/scan.js';
import updateItem from 'dynalite/actions/updateItem.js';
import db from 'dynalite/db/index.js';
import batchGetItemTypes from 'dynalite/validations/batchGetItem.js';
import batchWriteItemTypes from 'dynalite/validations/batchWriteItem.js';
import createTableTypes from 'dynalite/validations/createTable.js';
import deleteItemTypes from 'dynalite/validations/deleteItem.js';
import describeTableTypes from 'dynalite/validations/describeTable.js';
import getItemTypes from 'dynalite/validations/getItem.js';
import validations from 'dynalite/validations/index.js';
import listTablesTypes from 'dynalite/validations/listTables.js';
import putItemTypes from 'dynalite/validations/putItem.js';
import queryTypes from 'dynalite/validations/query.js';
import scanTypes from 'dynalite/validations/scan.js';
import updateItemTypes from 'dynalite/validations/updateItem.js';
import { z } from 'zod';
import { AwsError } from '../../platform.ts';
import type { JsonObject } from '../../platform.ts';

const ACTIONS = {
  BatchGetItem: { run: batchGetItem, types: batchGetItemTypes },
  CreateTable: { run: createTable, types: createTableTypes },
  DeleteItem: { run: deleteItem, types: deleteItemTypes },
  DescribeTable: { run: describeTable, types: describeTableTypes },
  GetItem: { run: getItem, types: getItemTypes },
  ListTables: { run: listTables, types: listTablesTypes },
  PutItem: { run: putItem, types: putItemTypes },
  Query: { run: query, types: queryTypes },
  Scan: { run: scan, types: scanTypes },
  UpdateItem: { run: updateItem, types: updateItemTypes },
};

export interface Engine {
  run(action: keyof typeof ACTIONS, input: JsonObject): Promise<JsonObject>;
  /** Throws what dynalite finds wrong with a batch; its writes are then made one by one. */
  checkBatchWrite(input: JsonObject): void;
  close(): Promise<void>;
}

const failure = z.object({
  statusCode: z.number(),
  body: z.object({ __type: z.string(), message: z.string().optional(), Message: z.string().optional() }),
});

export function createEngine(options: { region: string; accountId: string }): Engine {
  const store = db.create({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  store.tableDb.awsRegion = options.region;
  store.tableDb.awsAccountId = options.accountId;

  function check(input: JsonObject, definition: DynaliteTypes): unknown {
    try {
      const checked = validations.checkTypes(input, definition.types);
      validations.checkValidations(checked, definition.types, definition.custom, store);
      return checked;
    } catch (error) {
      throw toAwsError(error);
    }
  }

  return {
    async run(action, input) {
      const { run, types } = ACTIONS[action];
      const checked = check(input, types);
      return new Promise((resolve, reject) => {
        run(store, checked, (error, output) => {
          if (error === null || error === undefined) {
            // dynalite answers with plain JSON values; the copy drops members that are undefined.
            resolve(JSON.parse(JSON.stringify(output ?? {})) as JsonObject);
          } else reject(toAwsError(error));
        });
      });
    },
    checkBatchWrite(input) {
      check(input, batchWriteItemTypes);
    },
    close: () =>
      new Promise((resolve) => {
        store.lifecycleManager.forceClose(() => {
          resolve();
        });
      }),
  };
}

function toAwsError(thrown: unknown): Error {
  const parsed = failure.safeParse(thrown);
  if (!parsed.success) return thrown instanceof Error ? thrown : new Error(String(thrown));
  const { __type: type, message, Message: other } = parsed.data.body;
  return new AwsError(type.split('#').at(-1) ?? type, message ?? other ?? '', parsed.data.statusCode);
}
