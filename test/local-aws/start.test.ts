import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { startLocalAws } from '../../local-aws/index.ts';
import { synthesize } from './synthesize.ts';

let assembly: string;
beforeAll(() => {
  assembly = mkdtempSync(join(tmpdir(), 'cdk-out-'));
  synthesize(assembly);
});
afterAll(() => {
  rmSync(assembly, { recursive: true });
});

test('the real template comes up with two hosts in ten seconds, and goes away without a trace', async () => {
  const began = performance.now();
  const aws = await startLocalAws({ assembly, hosts: 2 });
  expect(performance.now() - began).toBeLessThan(10_000);
  try {
    const { outputs } = z.object({ outputs: z.record(z.string(), z.string()) }).parse({
      outputs: await aws.control('GET /_local/outputs'),
    });
    expect(outputs['PCAARN']).toMatch(/^arn:aws:acm-pca:us-east-1:\d{12}:certificate-authority\//);
    expect(outputs['IAMRATrustAnchorARN']).toMatch(/^arn:aws:rolesanywhere:us-east-1:\d{12}:trust-anchor\//);
    expect(outputs['IAMRAProfileARN']).toMatch(/^arn:aws:rolesanywhere:us-east-1:\d{12}:profile\//);
    expect(outputs['IAMRARoleARN']).toMatch(/^arn:aws:iam::\d{12}:role\/IAMRA-Role$/);
    const nodes = await aws.control('GET /_local/nodes');
    expect(nodes).toHaveLength(2);
    // The same template again changes nothing.
    await aws.deploy(assembly);
  } finally {
    await aws.close();
  }
  expect(existsSync(aws.directory)).toBe(false);
  await expect(fetch(aws.endpoint)).rejects.toThrow();
});

test('a busy port is one clear sentence', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  // A listening TCP server has a port.
  const { port } = server.address() as AddressInfo;
  await expect(startLocalAws({ port })).rejects.toThrow(`port ${String(port)} on 127.0.0.1 is in use`);
  await new Promise((resolve) => server.close(resolve));
});
