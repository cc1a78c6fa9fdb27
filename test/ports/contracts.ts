/** What a port promises, as tests: whoever implements it, in memory or by AWS, passes the same ones. */
import { expect, it } from 'vitest';
import type { HostFacts } from '../../src/core/facts.ts';
import { claim, fail } from '../../src/core/transitions.ts';
import type { HostCommands } from '../../src/ports/host-commands.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import type { Ledger, LedgerEntry } from '../../src/ports/ledger.ts';
import type { ManagedNodes } from '../../src/ports/managed-nodes.ts';
import { FROM_START } from '../../src/ports/progress.ts';
import type { Progress } from '../../src/ports/progress.ts';
import type { WorkQueue } from '../../src/ports/work-queue.ts';
import { ATTEMPT, CA, NOW, POLICY } from '../builders/facts.ts';

/** Host ids that no other test of the same table uses. */
let hosts = 0;
const newHost = (): string => `mi-${String((hosts += 1)).padStart(17, '0')}`;

async function known(inventory: Inventory, hostId: string): Promise<HostFacts> {
  const facts = await inventory.get(hostId);
  if (facts === undefined) throw new Error(`there is no row ${hostId}`);
  return facts;
}

export function inventoryContract(
  make: () => {
    readonly inventory: Inventory;
    readonly put: (row: { hostID: string; owner?: string }) => Promise<void>;
  },
): void {
  it('knows a row that holds only its id, and none that does not exist', async () => {
    const [{ inventory, put }, id] = [make(), newHost()];
    expect(await inventory.get(id)).toBeUndefined();
    await put({ hostID: id });
    expect(await known(inventory, id)).toMatchObject({ hostId: id, problems: [], expiryPresent: false });
  });

  it('writes a change once: who read before it writes nothing', async () => {
    const [{ inventory, put }, id] = [make(), newHost()];
    await put({ hostID: id, owner: 'app' });
    const read = await known(inventory, id);
    const written = await inventory.write(read, claim(read, ATTEMPT, 0, NOW), NOW);
    expect(written).toEqual(await known(inventory, id));
    expect(written).toMatchObject({ attempt: { id: ATTEMPT }, deployment: { owner: 'app' } });
    expect(await inventory.write(read, { nextCheckAt: NOW }, NOW)).toBeUndefined();
    expect(await known(inventory, id)).toEqual(written);
  });

  it('writes nothing where the row is gone or was never there', async () => {
    const [{ inventory, put }, id] = [make(), newHost()];
    await put({ hostID: id });
    const read = await known(inventory, id);
    expect(await inventory.write({ ...read, hostId: newHost() }, { nextCheckAt: NOW }, NOW)).toBeUndefined();
  });

  it('removes what a change says is gone', async () => {
    const [{ inventory, put }, id] = [make(), newHost()];
    await put({ hostID: id });
    let facts = await known(inventory, id);
    const failed = { step: 'csr', reason: 'SpaceShort', message: 'no space' } as const;
    facts = (await inventory.write(facts, fail(facts, failed, POLICY, NOW), NOW)) ?? facts;
    expect(facts.failure).toMatchObject({ reason: 'SpaceShort', count: 1 });
    await inventory.write(facts, { failure: null, nextCheckAt: null }, NOW);
    const after = await known(inventory, id);
    expect(after).not.toHaveProperty('failure');
    expect(after).not.toHaveProperty('nextCheckAt');
  });

  it('finds what is due, and only that, page by page', async () => {
    const { inventory, put } = make();
    // Enough to lie in every part of an index that is spread.
    const due = Array.from({ length: 24 }, newHost);
    const [later, never] = [newHost(), newHost()];
    for (const id of [...due, later, never]) await put({ hostID: id });
    for (const id of due) await inventory.write(await known(inventory, id), { nextCheckAt: NOW }, NOW);
    await inventory.write(await known(inventory, later), { nextCheckAt: NOW + 1 }, NOW);
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await inventory.due(NOW, after);
      found.push(...page.items.map(({ hostId }) => hostId));
      after = page.next;
    } while (after !== undefined);
    expect(found).toEqual(expect.arrayContaining(due));
    expect(found).not.toContain(later);
    expect(found).not.toContain(never);
  });
}

export function ledgerContract(make: () => Ledger & Progress): void {
  const entry = (hostId: string, number: number): LedgerEntry => ({
    certificateArn: `${CA}/certificate/${hostId.slice(3)}${String(number).padStart(2, '0')}`,
    hostId,
    attempt: ATTEMPT,
    serial: `0${String(number)}`,
    publicKeyHash: 'a'.repeat(64),
    issuedAt: NOW + number,
    notAfter: NOW + 1000,
    requestHash: 'b'.repeat(16),
    outcome: 'issued',
    outcomeAt: NOW + number,
  });

  it('keeps the first of two entries for one certificate', async () => {
    const [ledger, first] = [make(), entry(newHost(), 1)];
    await ledger.record(first);
    await ledger.record({ ...first, attempt: 'another' });
    expect(await ledger.get(first.certificateArn)).toEqual(first);
  });

  it('lists the newest of a host first, 20 at most, and none of another host', async () => {
    const [ledger, id] = [make(), newHost()];
    for (let number = 1; number <= 22; number += 1) await ledger.record(entry(id, number));
    await ledger.record(entry(newHost(), 1));
    const found = await ledger.ofHost(id);
    expect(found.map(({ issuedAt }) => issuedAt - NOW)).toEqual(
      Array.from({ length: 20 }, (_, index) => 22 - index),
    );
  });

  it('notes what became of a certificate, and leaves an unknown one alone', async () => {
    const [ledger, id] = [make(), newHost()];
    const [known, unknown] = [entry(id, 1), entry(id, 2)];
    await ledger.record(known);
    for (const { certificateArn } of [known, unknown]) {
      await ledger.note(certificateArn, 'deployed', NOW + 5);
      await ledger.noteRevoked(certificateArn, NOW + 6);
    }
    const arns = [known.certificateArn, unknown.certificateArn];
    expect(await ledger.getMany(arns)).toEqual([
      { ...known, outcome: 'deployed', outcomeAt: NOW + 5, revokedAt: NOW + 6 },
    ]);
  });

  it('remembers where a reconcile goes on, the start of the table included', async () => {
    const ledger = make();
    for (const cursor of ['mi-00000000000000001', FROM_START, undefined]) {
      await ledger.save(cursor);
      expect(await ledger.load()).toBe(cursor);
    }
  });
}

export function workQueueContract(
  make: () => { readonly queue: WorkQueue; readonly waiting: () => Promise<number> },
): void {
  it('takes more messages at once than one call of SQS does', async () => {
    const { queue, waiting } = make();
    const before = await waiting();
    const messages = Array.from({ length: 23 }, (_, index) => ({
      queue: index % 2 === 0 ? ('issuance' as const) : ('deployment' as const),
      message: { kind: 'start' as const, hostId: newHost(), attempt: ATTEMPT },
      delaySeconds: index,
    }));
    await queue.send(messages);
    expect((await waiting()) - before).toBe(23);
    await queue.send([]);
  });
}

export function hostsContract(
  make: () => {
    readonly nodes: ManagedNodes;
    readonly commands: HostCommands;
    readonly online: string;
    readonly offline: string;
    /** Lets time pass. */
    readonly wait: () => Promise<void>;
    readonly parameters: Readonly<Record<string, string>>;
  },
): void {
  it('tells the state of each host, although one of 60 is unknown', async () => {
    const { nodes, online, offline } = make();
    const strangers = Array.from({ length: 58 }, newHost);
    const states = await nodes.states([online, ...strangers, offline]);
    expect(states.size).toBe(60);
    expect([states.get(online), states.get(offline)]).toEqual(['online', 'offline']);
    expect(strangers.map((id) => states.get(id))).toEqual(strangers.map(() => 'unknown'));
  });

  it('refuses a command for a host that does not exist', async () => {
    const { commands, parameters } = make();
    await expect(commands.send('GenerateCsr', newHost(), ATTEMPT, parameters)).rejects.toMatchObject({
      code: 'NotFound',
    });
  });

  it('finds a command by its attempt, with its result when it has one', async () => {
    const { commands, online, wait, parameters } = make();
    const find = (attempt: string): ReturnType<HostCommands['find']> =>
      commands.find('GenerateCsr', online, attempt, 0);
    expect(await find(ATTEMPT)).toBeUndefined();
    await commands.send('GenerateCsr', online, ATTEMPT, parameters);
    for (let tries = 0; tries < 50 && ((await find(ATTEMPT))?.state ?? 'pending') === 'pending'; tries += 1)
      await wait();
    expect(await find(ATTEMPT)).toMatchObject({
      attempt: ATTEMPT,
      state: 'succeeded',
      stdout: expect.stringContaining('CERTVEND RESULT') as unknown,
    });
    expect(await find('01JD00000000000000000000ZZ')).toBeUndefined();
    expect(await commands.find('DeployCertificate', online, ATTEMPT, 0)).toBeUndefined();
  });

  it('does not know a command that was never sent', async () => {
    const { commands, online } = make();
    expect(await commands.result('00000000-0000-4000-8000-999999999999', online)).toBeUndefined();
  });
}
