import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDeployer } from '../../../local-aws/deploy/index.ts';
import type { Deployer } from '../../../local-aws/deploy/index.ts';
import type { JsonObject, ResourceType } from '../../../local-aws/platform.ts';
import { createSmallPlatform } from '../small-platform.ts';
import type { SmallPlatform } from '../small-platform.ts';

let platform: SmallPlatform;
let directory: string;
let deployer: Deployer;
let made: { logicalId: string; properties: JsonObject; asset?: string }[];

const thing: ResourceType = (properties, context) => {
  const { logicalId } = context;
  const { AssetKey: key } = properties;
  made.push({ logicalId, properties, ...(typeof key === 'string' ? { asset: context.assetPath(key) } : {}) });
  return { ref: `ref-${logicalId}`, attributes: { Arn: `arn:aws:test:::${logicalId}`, Parts: ['a', 'b'] } };
};

beforeEach(() => {
  platform = createSmallPlatform();
  directory = mkdtempSync(join(tmpdir(), 'assembly-'));
  made = [];
  deployer = createDeployer(
    platform,
    new Map([
      ['Test::Thing', thing],
      ['AWS::Lambda::Function', thing],
    ]),
  );
});
afterEach(async () => {
  await platform.close();
  rmSync(directory, { recursive: true });
});

function assembly(template: JsonObject): string {
  const key = 'abc.zip';
  const write = (file: string, content: unknown): void => {
    writeFileSync(join(directory, file), JSON.stringify(content));
  };
  mkdirSync(join(directory, 'asset.abc'), { recursive: true });
  write('manifest.json', {
    version: '54.0.0',
    artifacts: {
      'one.assets': { type: 'cdk:asset-manifest', properties: { file: 'one.assets.json' } },
      one: {
        type: 'aws:cloudformation:stack',
        properties: { templateFile: 'one.template.json', stackName: 'one' },
      },
      Tree: { type: 'cdk:tree', properties: { file: 'tree.json' } },
    },
  });
  write('one.assets.json', {
    version: '54.0.0',
    files: {
      abc: { source: { path: 'asset.abc', packaging: 'zip' }, destinations: { here: { objectKey: key } } },
    },
  });
  write('one.template.json', template);
  return directory;
}

const deploy = (template: JsonObject): Promise<{ outputs: Record<string, string> }> =>
  deployer.deploy(assembly(template));
const resource = (properties: JsonObject, rest: JsonObject = {}): JsonObject => ({
  Type: 'Test::Thing',
  Properties: properties,
  ...rest,
});

describe('deploying a stack', () => {
  test('resolves every intrinsic function that CDK writes', async () => {
    const { outputs } = await deploy({
      Parameters: { BootstrapVersion: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/x' } },
      Mappings: { Map: { first: { second: 'mapped' } } },
      Conditions: {
        Yes: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] },
        No: { 'Fn::Not': [{ Condition: 'Yes' }] },
        Either: {
          'Fn::Or': [{ Condition: 'No' }, { 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'Yes' }] }],
        },
      },
      Resources: {
        B: resource({
          Join: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':', { Ref: 'AWS::AccountId' }]] },
          Sub: { 'Fn::Sub': '${A}/${A.Arn}/${AWS::StackName}/${!Literal}' },
          SubWith: { 'Fn::Sub': ['${x}-${AWS::Region}', { x: { 'Fn::GetAtt': ['A', 'Arn'] } }] },
          Select: { 'Fn::Select': [1, { 'Fn::Split': ['-', 'x-y'] }] },
          If: { 'Fn::If': ['Either', 'yes', 'no'] },
          Gone: { 'Fn::If': ['No', 'x', { Ref: 'AWS::NoValue' }] },
          Mapped: { 'Fn::FindInMap': ['Map', 'first', 'second'] },
          Base64: { 'Fn::Base64': 'hi' },
          AssetKey: 'abc.zip',
        }),
        Never: resource({}, { Condition: 'No' }),
        A: resource({}),
        CDKMetadata: { Type: 'AWS::CDK::Metadata', Properties: {} },
      },
      Outputs: { Arn: { Value: { 'Fn::GetAtt': ['B', 'Arn'] } } },
    });
    expect(made.map(({ logicalId }) => logicalId)).toEqual(['A', 'B']);
    expect(made[1]?.properties).toEqual({
      Join: 'arn:aws:123456789012',
      Sub: 'ref-A/arn:aws:test:::A/one/${Literal}',
      SubWith: 'arn:aws:test:::A-us-east-1',
      Select: 'y',
      If: 'yes',
      Mapped: 'mapped',
      Base64: 'aGk=',
      AssetKey: 'abc.zip',
    });
    expect(made[1]?.asset).toBe(join(directory, 'asset.abc'));
    expect(outputs).toEqual({ Arn: 'arn:aws:test:::B' });
  });

  test('names everything it does not model before it creates anything', async () => {
    const deploying = deploy({
      Resources: {
        A: resource({}),
        B: { Type: 'AWS::EC2::Instance', Properties: {} },
        C: resource({ X: { 'Fn::ImportValue': 'x' } }),
        D: resource({ X: { Ref: 'Nobody' } }),
      },
    });
    await expect(deploying).rejects.toThrow(/AWS::EC2::Instance[\s\S]*Fn::ImportValue[\s\S]*Nobody/);
    expect(made).toEqual([]);
  });

  test('refuses a circle of dependencies', async () => {
    const deploying = deploy({
      Resources: { A: resource({ X: { Ref: 'B' } }), B: resource({}, { DependsOn: ['A'] }) },
    });
    await expect(deploying).rejects.toThrow('circular dependency: A -> B -> A');
  });

  test('says which resource failed', async () => {
    const deploying = deploy({ Resources: { A: resource({ AssetKey: 'missing.zip' }) } });
    await expect(deploying).rejects.toThrow(/^one\/A \(Test::Thing\): no asset with the key missing\.zip/);
  });

  test('leaves unchanged resources alone, updates functions, refuses any other update', async () => {
    const fn = (memory: number): JsonObject => ({
      Type: 'AWS::Lambda::Function',
      Properties: { MemorySize: memory },
    });
    await deploy({ Resources: { A: resource({ X: 1 }), F: fn(128) } });
    await deploy({ Resources: { A: resource({ X: 1 }), F: fn(256), New: resource({}) } });
    expect(made.map(({ logicalId }) => logicalId)).toEqual(['A', 'F', 'F', 'New']);
    await expect(
      deploy({ Resources: { A: resource({ X: 2 }), F: fn(256), New: resource({}) } }),
    ).rejects.toThrow('update of Test::Thing is not modelled; changed: X');
    await expect(deploy({ Resources: { A: resource({ X: 1 }) } })).rejects.toThrow('removal of F, New');
  });
});
