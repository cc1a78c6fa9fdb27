/** The parts of dynalite that the local AWS drives directly; dynalite has no types of its own. */
interface DynaliteStore {
  readonly tableDb: { awsAccountId: string; awsRegion: string };
  readonly lifecycleManager: { forceClose(done: (error: unknown) => void): void };
}
interface DynaliteTypes {
  readonly types: Readonly<Record<string, unknown>>;
  readonly custom?: unknown;
}

declare module 'dynalite/db/index.js' {
  const db: {
    create(options: { createTableMs: number; deleteTableMs: number; updateTableMs: number }): DynaliteStore;
  };
  export default db;
}
declare module 'dynalite/validations/index.js' {
  const validations: {
    checkTypes(input: unknown, types: DynaliteTypes['types']): unknown;
    checkValidations(
      input: unknown,
      types: DynaliteTypes['types'],
      custom: unknown,
      store: DynaliteStore,
    ): void;
  };
  export default validations;
}
declare module 'dynalite/validations/*' {
  const definition: DynaliteTypes;
  export default definition;
}
declare module 'dynalite/actions/*' {
  const action: (
    store: DynaliteStore,
    input: unknown,
    done: (error: unknown, output: unknown) => void,
  ) => void;
  export default action;
}
