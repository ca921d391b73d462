/** Forms of 2025-11-25 in the words of 2025-06-18 (its client/elicitation "Requested Schema"). */
import { isObject, type JsonObject } from '../../protocol/jsonrpc.ts'

/** Choosing several things has no older form (SEP-1330). */
export function needsNewerForms(params: JsonObject | undefined): boolean {
  return fieldsOf(params?.['requestedSchema']).some(([, field]) => field['type'] === 'array')
}

/** Only yes and no had a default; a choice's titles stood in a list beside it (SEP-1034, SEP-1330). */
export function legacyForm(schema: unknown): unknown {
  if (!isObject(schema)) return schema
  return { ...schema, properties: Object.fromEntries(fieldsOf(schema).map(legacyField)) }
}

function legacyField([name, field]: [string, JsonObject]): [string, JsonObject] {
  const { default: value, oneOf, ...rest } = field
  const hasDefault = value !== undefined && field['type'] === 'boolean'
  const choices = Array.isArray(oneOf) ? oneOf.filter(isObject) : undefined
  return [
    name,
    {
      ...rest,
      ...(hasDefault ? { default: value } : {}),
      ...(choices
        ? {
            enum: choices.map((choice) => choice['const']),
            enumNames: choices.map((choice) => choice['title']),
          }
        : {}),
    },
  ]
}

function fieldsOf(schema: unknown): [string, JsonObject][] {
  const properties = isObject(schema) ? schema['properties'] : undefined
  return isObject(properties)
    ? Object.entries(properties).filter((field): field is [string, JsonObject] =>
        isObject(field[1]),
      )
    : []
}
