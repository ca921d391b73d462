/** Arguments described in JSON Schema 2020-12: what `jsonSchema()` makes, without the validator it brings. */
export const JSON_SCHEMA = Symbol('mcp-edge JSON Schema')

/** `Args` is the author's word: no type is read from the schema. */
export interface JsonSchemaInput<Args extends object = object> {
  readonly [JSON_SCHEMA]: true
  /** As it is listed, word for word. */
  readonly schema: Readonly<Record<string, unknown>>
  /** @returns what is wrong with the arguments, a line each; nothing when they fit */
  problems(args: unknown): string[]
  /** Never there; carries the type. */
  readonly args?: Args
}

export const isJsonSchema = (value: unknown): value is JsonSchemaInput =>
  typeof value === 'object' && value !== null && JSON_SCHEMA in value
