import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderCommandDocument } from '../../lib/command-document.ts';
import { readSettings, SETTINGS, SettingsError } from '../../src/settings/settings.ts';
import { record, resources, templateOf } from './stacks.ts';

const { content } = renderCommandDocument('DeployCertificate');
const patternOf = (parameter: string): RegExp =>
  new RegExp(String(record(record(content['parameters'])[parameter])['allowedPattern']));

/** The setting and the document's parameter that it becomes. */
const PAIRS = [
  ['CertPath', 'CertPath'],
  ['KeyPath', 'KeyPath'],
  ['CSRPath', 'CsrPath'],
  ['CACertPath', 'CaCertPath'],
  ['AWSSigningHelperPath', 'SigningHelperPath'],
  ['rolesAnywhereEndpoint', 'Endpoint'],
] as const;

function accepted(key: string, value: string): boolean {
  try {
    readSettings({ SNSSubscriberEmail: 'ops@example.com', [key]: value });
    return true;
  } catch (error) {
    if (error instanceof SettingsError) return false;
    throw error;
  }
}

describe('what synth accepts, the documents accept', () => {
  const almostPath = fc.stringMatching(/^(\/[.a-z_-]{0,4}){1,3}$/);
  const almostUrl = fc.stringMatching(/^https?:\/\/(localhost|[a-z.-]{1,5})(:\d{1,3})?\/?$/);

  it.each(PAIRS)('%s as %s', (key, parameter) => {
    const pattern = patternOf(parameter);
    const values = key === 'rolesAnywhereEndpoint' ? almostUrl : almostPath;
    fc.assert(fc.property(values, (value) => !accepted(key, value) || pattern.test(value)));
  });

  it('and so do the defaults', () => {
    for (const [key, parameter] of PAIRS) {
      expect(String(SETTINGS.find((setting) => setting.key === key)?.default)).toMatch(patternOf(parameter));
    }
  });
});

describe('the documents of the stack', () => {
  it('are Command documents whose names end with a hash of their content', () => {
    const documents = resources(templateOf(), 'AWS::SSM::Document').map(({ properties }) => properties);
    expect(documents.map(({ DocumentType, Name }) => [DocumentType, Name])).toEqual([
      ['Command', `certvend-GenerateCsr-${renderCommandDocument('GenerateCsr').hash8}`],
      ['Command', `certvend-DeployCertificate-${renderCommandDocument('DeployCertificate').hash8}`],
    ]);
  });
});
