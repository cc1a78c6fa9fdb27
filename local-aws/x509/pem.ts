/** PEM text to and from DER bytes. */

export function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----`;
}

/** Every block with one of the labels, in order. */
export function fromPem(text: string, ...labels: readonly string[]): Buffer[] {
  const blocks: Buffer[] = [];
  for (const match of text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/g)) {
    const [, label = '', body = ''] = match;
    if (labels.includes(label)) blocks.push(Buffer.from(body.replace(/\s/g, ''), 'base64'));
  }
  return blocks;
}
