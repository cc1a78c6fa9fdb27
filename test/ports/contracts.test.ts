import { afterAll, beforeAll, describe } from 'vitest';
import { CA, DEFAULTS, NOW } from '../builders/facts.ts';
import { Agenda } from './agenda.ts';
import { hostsContract, inventoryContract, ledgerContract, workQueueContract } from './contracts.ts';
import { MemoryHosts } from './hosts.ts';
import { MemoryInventory } from './inventory.ts';
import { MemoryLedger } from './ledger.ts';
import { startAdapters } from './local-aws.ts';
import { MemoryWorkQueue } from './work-queue.ts';

describe('the ports in memory keep the contract:', () => {
  const agenda = new Agenda(NOW);
  const inventory = new MemoryInventory(() => DEFAULTS, CA);
  const queue = new MemoryWorkQueue(agenda);
  const hosts = new MemoryHosts(agenda);
  const [online, offline] = ['mi-0000000000000a001', 'mi-0000000000000a002'];
  hosts.add(online);
  hosts.add(offline).agent = 'offline';

  describe('inventory', () => {
    const put = (row: { readonly hostID: string }): Promise<void> => {
      inventory.put(row);
      return Promise.resolve();
    };
    inventoryContract(() => ({ inventory, put }));
  });
  describe('ledger', () => {
    const ledger = new MemoryLedger();
    ledgerContract(() => ledger);
  });
  describe('work queue', () => {
    workQueueContract(() => ({ queue, waiting: () => Promise.resolve(queue.waiting) }));
  });
  describe('hosts', () => {
    const wait = (): Promise<void> => agenda.run(1);
    hostsContract(() => ({ nodes: hosts, commands: hosts, online, offline, wait, parameters: {} }));
  });
});

describe('the adapters of AWS keep the contract:', () => {
  let adapters: Awaited<ReturnType<typeof startAdapters>>;
  beforeAll(async () => {
    adapters = await startAdapters();
  });
  afterAll(() => adapters.close());

  describe('inventory', () => {
    inventoryContract(() => adapters);
  });
  describe('ledger', () => {
    ledgerContract(() => adapters.ledger);
  });
  describe('work queue', () => {
    workQueueContract(() => adapters);
  });
  describe('hosts', () => {
    const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));
    hostsContract(() => ({ ...adapters, wait, parameters: {} }));
  });
});
