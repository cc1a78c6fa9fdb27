/** `npm run demo -- [--hosts N] [--json]`: the life of certificates, on this machine, with the template of `cdk deploy`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Listr } from 'listr2';
import { startLocalAws } from '../local-aws/index.ts';
import { Fleet } from './demo/fleet.ts';
import { STAGES } from './demo/stages.ts';
import { summarize, summaryLines } from './demo/summary.ts';
import { readOptions } from './options.ts';
import { synthesize } from './synthesize.ts';
import { main, print } from './terminal.ts';

const USAGE = 'usage: npm run demo -- [--hosts N (default 5, 2 to 50)] [--json]';

interface Context {
  fleet?: Fleet;
}

await main(async () => {
  const { hosts, json } = readOptions(
    { hosts: { kind: 'number', min: 2, max: 50, value: 5 }, json: { kind: 'flag' } },
    USAGE,
  );
  const startedAt = Date.now();
  const directory = mkdtempSync(join(tmpdir(), 'certvend-demo-'));
  const context: Context = {};
  try {
    await stages(directory, hosts, json).run(context);
    if (context.fleet === undefined) throw new Error('the local AWS did not start');
    const summary = await summarize(context.fleet, startedAt);
    if (json) print(JSON.stringify(summary, undefined, 2));
    else for (const line of ['', ...summaryLines(summary)]) print(line);
  } finally {
    await context.fleet?.aws.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

function stages(directory: string, hosts: number, json: boolean): Listr<Context> {
  const deploy = {
    title: `Deploy the template of \`npx cdk deploy\` to an AWS on this machine, with ${String(hosts)} hosts`,
    task: async (context: Context, task: { output: string }): Promise<void> => {
      await synthesize(directory);
      const aws = await startLocalAws();
      const { outputs } = await aws.deploy(directory);
      context.fleet = new Fleet(aws, outputs, await aws.addNodes(hosts));
      task.output = `${aws.endpoint}  ${outputs['PCAARN'] ?? ''}`;
    },
  };
  const story = STAGES.map(({ title, run }) => ({
    title,
    task: async ({ fleet }: Context, task: { output: string }): Promise<void> => {
      if (fleet === undefined) throw new Error('the local AWS did not start');
      await run(fleet, (line) => {
        task.output = line;
      });
    },
  }));
  const shown = [deploy, ...story].map((task) => ({
    ...task,
    rendererOptions: { persistentOutput: true, outputBar: Infinity },
  }));
  return new Listr<Context>(shown, { fallbackRenderer: 'simple', silentRendererCondition: json });
}
