/**
 * Serial numbers in one form: hexadecimal, upper case, an even number of digits. RevokeCertificate takes it as is; the
 * last part of a certificate's ARN is the same number in lower case.
 */

/** From hexadecimal text with or without separators; leading zero bytes go, the leading zero of a byte stays. */
export function serialFromHex(hex: string): string {
  const digits = hex.replace(/[^0-9a-fA-F]/g, '').toUpperCase();
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  return even.replace(/^(00)+(?=..)/, '');
}

/** The serial that a certificate ARN names, or undefined for another ARN. */
export function serialFromArn(arn: string): string | undefined {
  const hex = /:certificate-authority\/[^/]+\/certificate\/([0-9a-fA-F]+)$/.exec(arn)?.[1];
  return hex === undefined ? undefined : serialFromHex(hex);
}

/** The ARN of the certificate with this serial. */
export function certificateArn(certificateAuthorityArn: string, serial: string): string {
  return `${certificateAuthorityArn}/certificate/${serial.toLowerCase()}`;
}
