import type { CrlObjects, RevocationLists, StoredCrl } from '../../src/ports/revocation-lists.ts';
import { CertvendError } from '../../src/core/errors.ts';

/** CRLs per trust anchor (rolesanywhere quotas). */
const LISTS_MAX = 2;

export class MemoryRevocationLists implements RevocationLists {
  readonly lists: StoredCrl[] = [];
  readonly #trustAnchorArn: string;

  constructor(trustAnchorArn: string) {
    this.#trustAnchorArn = trustAnchorArn;
  }

  list: RevocationLists['list'] = () => Promise.resolve([...this.lists]);

  import: RevocationLists['import'] = (pem) => {
    const present = this.lists.filter(({ trustAnchorArn }) => trustAnchorArn === this.#trustAnchorArn);
    if (present.length >= LISTS_MAX)
      return Promise.reject(new CertvendError('Unavailable', 'ImportCrl: the trust anchor has 2 lists'));
    this.put({ id: `crl-${String(this.lists.length)}`, data: Buffer.from(pem) });
    return Promise.resolve();
  };

  update: RevocationLists['update'] = ({ id }, pem) => this.#change(id, { data: Buffer.from(pem) });

  enable: RevocationLists['enable'] = (id) => this.#change(id, { enabled: true });

  /** Somebody imports a list by hand. */
  put(crl: Partial<StoredCrl> & Pick<StoredCrl, 'id' | 'data'>): void {
    this.lists.push({ name: 'certvend', enabled: true, trustAnchorArn: this.#trustAnchorArn, ...crl });
  }

  #change(id: string, changes: Partial<StoredCrl>): Promise<void> {
    const place = this.lists.findIndex((crl) => crl.id === id);
    const before = this.lists[place];
    if (before === undefined) return Promise.reject(new CertvendError('Unavailable', `there is no ${id}`));
    this.lists[place] = { ...before, ...changes };
    return Promise.resolve();
  }
}

export class MemoryCrlObjects implements CrlObjects {
  readonly objects = new Map<string, Uint8Array>();

  get: CrlObjects['get'] = (bucket, key) => Promise.resolve(this.objects.get(`${bucket}/${key}`));
}
