/**
 * `jsonSchema()`: arguments in JSON Schema 2020-12, for keywords zod has no words
 * for. Listed verbatim; validated without compiling code, and without ever
 * fetching a `$ref`. Only servers that use it carry the validator.
 */
import { Validator, type Schema } from '@cfworker/json-schema'
import { JSON_SCHEMA, type JsonSchemaInput } from './json-schema-input.ts'

/**
 * @example
 * input: jsonSchema<{ phone?: string; email?: string }>({
 *   type: 'object',
 *   anyOf: [{ required: ['phone'] }, { required: ['email'] }],
 * })
 * @throws TypeError for a schema that is none, or that describes no object
 */
export function jsonSchema<Args extends object = Record<string, unknown>>(
  schema: Record<string, unknown>,
): JsonSchemaInput<Args> {
  if (schema['type'] !== 'object') {
    throw new TypeError("jsonSchema: arguments are an object; say type: 'object'.")
  }
  const validator = validatorOf(schema)
  return Object.freeze({
    [JSON_SCHEMA]: true as const,
    schema,
    problems(args: unknown) {
      const { valid, errors } = validator.validate(args)
      return valid
        ? []
        : errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`)
    },
  })
}

function validatorOf(schema: Record<string, unknown>): Validator {
  try {
    const validator = new Validator(schema as Schema, '2020-12', false)
    // References are looked up when they are reached: better here than in a call.
    validator.validate({})
    return validator
  } catch (error) {
    throw new TypeError(`jsonSchema: ${error instanceof Error ? error.message : String(error)}`)
  }
}
