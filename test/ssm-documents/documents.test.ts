import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { renderCommandDocument } from '../../lib/command-document.ts';
import { object, parametersIn, scriptOf, stepOf } from '../scripts/documents.ts';

const PARAMETERS = {
  GenerateCsr:
    'Attempt HostId RequestedAt KeyAlgorithm CertPath KeyPath CsrPath CaCertPath SigningHelperPath Validation Owner Group',
  DeployCertificate:
    'Attempt HostId RequestedAt Certificate Chain CertPath KeyPath CsrPath CaCertPath SigningHelperPath Validation TrustAnchorArn ' +
    'ProfileArn RoleArn Region Endpoint WithProxy Owner Group KeyMode ReloadUnit AwsConfigFile AwsProfile',
} as const;

describe.each(['GenerateCsr', 'DeployCertificate'] as const)('document %s', (kind) => {
  const document = renderCommandDocument(kind);
  const script = scriptOf(document);
  const parameters = parametersIn(document);

  test('has exactly its parameters, each a described String with an anchored pattern and a length', () => {
    expect([...parameters.keys()].sort()).toEqual(PARAMETERS[kind].split(' ').sort());
    for (const [name, parameter] of parameters) {
      expect(parameter.type, name).toBe('String');
      expect(parameter.description.length, name).toBeGreaterThan(10);
      expect(parameter.allowedPattern, name).toMatch(/^\^.*\$$/);
      expect(parameter.maxChars, name).toBeGreaterThan(0);
      if (parameter.default !== undefined) {
        expect(RE2JS.compile(parameter.allowedPattern).matcher(parameter.default).find(), name).toBe(true);
      }
    }
  });

  test('has patterns that Java and RE2 read alike: no look-around, no back-reference, no long repeat', () => {
    for (const [name, { allowedPattern }] of parameters) {
      expect(allowedPattern, name).not.toMatch(/\(\?|\\[0-9a-zA-Z]|\{\d{4,}/);
      expect(() => RE2JS.compile(allowedPattern), name).not.toThrow();
    }
  });

  test('checks the same patterns again in the script', () => {
    for (const [name, { allowedPattern }] of parameters)
      expect(script, name).toContain(`'${allowedPattern}'`);
  });

  test('puts each parameter on one line in single quotes, and nowhere else', () => {
    const [shebang, ...lines] = script.split('\n');
    expect(shebang).toBe('#!/usr/bin/env bash');
    const names = [...parameters.keys()];
    expect(lines.slice(0, names.length)).toEqual(names.map((name) => `${name}='{{ ${name} }}'`));
    expect(lines.slice(names.length).join('\n')).not.toContain('{{');
  });

  test('holds the files of scripts/ unchanged', () => {
    const own =
      kind === 'GenerateCsr'
        ? ['generate-csr.sh']
        : ['prove-pair.sh', 'switch-generation.sh', 'deploy-certificate.sh'];
    for (const file of ['common.sh', ...own]) {
      expect(script).toContain(
        readFileSync(new URL(`../../ssm-documents/scripts/${file}`, import.meta.url), 'utf8'),
      );
    }
  });

  test('is schema 2.2, for Linux, with a bounded run', () => {
    expect(document.content['schemaVersion']).toBe('2.2');
    const step = stepOf(document);
    expect(step).toMatchObject({
      action: 'aws:runShellScript',
      name: kind,
      precondition: { StringEquals: ['platformType', 'Linux'] },
    });
    const seconds = Number(object(step['inputs'])['timeoutSeconds']);
    expect(seconds).toBeGreaterThanOrEqual(60);
    expect(seconds).toBeLessThanOrEqual(600);
  });

  test('stays below the 64 KB that a document may have', () => {
    expect(Buffer.byteLength(JSON.stringify(document.content))).toBeLessThan(64 * 1024);
  });

  test('is named by its content', () => {
    const digest = (content: unknown): string =>
      createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 8);
    expect(document.hash8).toBe(digest(document.content));
    expect(digest({ ...document.content, description: 'changed' })).not.toBe(document.hash8);
    expect(document.baseName).toBe(`certvend-${kind}`);
    expect(renderCommandDocument(kind)).toEqual(document);
  });

  test('is a script that bash can read', () => {
    expect(() =>
      execFileSync('bash', ['-n'], { input: script, stdio: ['pipe', 'ignore', 'pipe'] }),
    ).not.toThrow();
  });

  test('uses no eval, and asks no other interpreter', () => {
    const code = script.replace(/(^|\s)#.*$/gm, '');
    expect(code).not.toMatch(/^\s*eval\b|\b(python|perl|awk|curl|wget|mktemp|flock|cmp|grep|sed)\s+-?/m);
  });
});
