/**
 * Real time in a thread whose Date is moved. The function is taken when this module is loaded, and static imports are
 * loaded before `installDate` can run. A monotonic clock would not do: it stands still while a laptop sleeps.
 */
export const realNow: () => number = Date.now.bind(Date);
