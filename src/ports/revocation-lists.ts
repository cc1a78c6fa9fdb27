export interface StoredCrl {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly trustAnchorArn: string;
  /** PEM or DER, as the service returns it. */
  readonly data: Uint8Array;
}

/** The CRLs that are consulted before a session is made. One call per second for all of these together. */
export interface RevocationLists {
  list(): Promise<readonly StoredCrl[]>;
  /** Imports a first CRL, enabled. */
  import(pem: string): Promise<void>;
  update(crl: StoredCrl, pem: string): Promise<void>;
  enable(id: string): Promise<void>;
}

/** The objects that the CA writes. */
export interface CrlObjects {
  /** At most 300,000 bytes; undefined: the object is gone. */
  get(bucket: string, key: string): Promise<Uint8Array | undefined>;
}
