export interface IssueRequest {
  /** PEM */
  readonly csr: string;
  readonly validitySeconds: number;
  /** Whoever asks twice with the same token within 4 minutes gets the same certificate. */
  readonly token: string;
}

export type IssuedCertificate =
  | { readonly state: 'issued'; readonly certificate: string; readonly chain: string }
  | { readonly state: 'pending' }
  | { readonly state: 'failed'; readonly message: string };

/** Signs. A certificate exists some time after it was asked for. */
export interface CertificateAuthority {
  /** Returns the ARN of a certificate to come. Throws `InvalidRequest` where asking again cannot help. */
  issue(request: IssueRequest): Promise<string>;
  /** PEM of the certificate and of its chain. */
  get(certificateArn: string): Promise<IssuedCertificate>;
}
