import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkRow } from '../../src/core/host-request.ts';
import { deploymentHash, requestHash } from '../../src/core/hashes.ts';
import { CA, DEFAULTS, HOST } from '../builders/facts.ts';

const check = (attributes: Parameters<typeof checkRow>[1], hostId = HOST): ReturnType<typeof checkRow> =>
  checkRow(hostId, attributes, DEFAULTS, CA);

describe('checkRow', () => {
  it('takes the defaults where the row is silent or empty', () => {
    expect(check({ certPath: '', owner: undefined }).deployment).toMatchObject({
      certPath: '/etc/certvend',
      owner: 'root',
      keyMode: '0400',
    });
  });

  it('takes what the row says', () => {
    const { deployment, request, problems } = check({
      certPath: '/srv/app/tls',
      keyAlgorithm: 'EC_prime256v1',
      owner: 'app',
      keyMode: '0440',
      reloadUnit: 'nginx.service',
    });
    expect(problems).toEqual([]);
    expect(deployment).toMatchObject({
      certPath: '/srv/app/tls',
      owner: 'app',
      keyMode: '0440',
      reloadUnit: 'nginx.service',
    });
    expect(request.keyAlgorithm).toBe('EC_prime256v1');
  });

  it.each([
    ['certPath', 'relative/path'],
    ['certPath', '/etc/../root'],
    ['certPath', '/'],
    ['awsConfigFile', '/etc/aws/config/'],
    ['awsProfile', '-x'],
    ['keyPath', '/tmp/$(id)'],
    ['owner', 'root; id'],
    ['keyMode', '0644'],
    ['reloadUnit', 'reboot'],
    ['reloadUnit', '--now.service'],
    ['keyAlgorithm', 'RSA_1024'],
    ['certPath', 5],
  ] as const)('refuses %s = %j and says what is allowed', (name, value) => {
    const { problems, deployment } = check({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${name} is ${JSON.stringify(value)}; allowed: `);
    expect(deployment).toEqual(check({}).deployment);
  });

  it('names all problems at once', () => {
    expect(check({ owner: ';', group: ';' }).problems).toHaveLength(2);
  });

  it('explains that an EC2 instance needs no certificate', () => {
    expect(check({}, 'i-0123456789abcdef0').problems[0]).toContain('an EC2 instance has an instance role');
  });

  it('lets no text with a shell metacharacter through, whatever attribute it stands in', () => {
    const hostile = fc.string({ minLength: 1 }).filter((text) => /[^A-Za-z0-9:_.@/-]/.test(text));
    const names = [
      'certPath',
      'keyPath',
      'csrPath',
      'cacertPath',
      'signinghelperPath',
      'owner',
      'group',
      'keyMode',
      'reloadUnit',
      'awsConfigFile',
      'awsProfile',
      'validation',
      'keyAlgorithm',
    ] as const;
    fc.assert(
      fc.property(fc.constantFrom(...names), hostile, (name, text) => {
        const { problems, deployment, request } = check({ [name]: text });
        expect(problems).toHaveLength(1);
        expect(Object.values({ ...deployment, ...request })).not.toContain(text);
      }),
    );
  });
});

describe('hashes', () => {
  it('tell a request from a deployment', () => {
    const plain = check({});
    const moved = check({ certPath: '/srv' });
    expect(requestHash(moved.request)).toBe(requestHash(plain.request));
    expect(deploymentHash(moved.deployment)).not.toBe(deploymentHash(plain.deployment));
  });

  it('notice the place of the helper only where a profile names it', () => {
    expect(deploymentHash(check({ signinghelperPath: '/opt' }).deployment)).toBe(
      deploymentHash(check({}).deployment),
    );
    const profile = { awsConfigFile: '/etc/aws/config', awsProfile: 'app' };
    expect(deploymentHash(check({ ...profile, signinghelperPath: '/opt' }).deployment)).not.toBe(
      deploymentHash(check(profile).deployment),
    );
  });
});
