/** What ran in this isolate, for tests that ask afterwards. */
export const calls: string[] = []
