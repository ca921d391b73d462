/**
 * What a store of the platform is kept in: the synchronous `storage.kv` of its
 * object, or a Map where an author's test has no object.
 */
export interface KeyValues {
  get<Value>(key: string): Value | undefined
  put<Value>(key: string, value: Value): void
  delete(key: string): boolean
  list<Value>(options?: { prefix?: string; limit?: number }): Iterable<[string, Value]>
}
