/**
 * Questions to the user: what a form may ask (2026-07-28 client/elicitation
 * "Requested Schema": a flat object of primitives) and how an answer looks.
 */
import type * as z from 'zod'

interface FieldBase {
  title?: string
  description?: string
}
export interface StringField extends FieldBase {
  type: 'string'
  minLength?: number
  maxLength?: number
  format?: 'email' | 'uri' | 'date' | 'date-time'
  default?: string
}
export interface NumberField extends FieldBase {
  type: 'number' | 'integer'
  minimum?: number
  maximum?: number
  default?: number
}
export interface BooleanField extends FieldBase {
  type: 'boolean'
  default?: boolean
}
export interface ChoiceField extends FieldBase {
  type: 'string'
  enum: string[]
  /** Deprecated by SEP-1330 in favour of {@link TitledChoiceField}; some clients know only this. */
  enumNames?: string[]
  default?: string
}
export interface TitledChoiceField extends FieldBase {
  type: 'string'
  oneOf: { const: string; title: string }[]
  default?: string
}
export interface MultipleChoiceField extends FieldBase {
  type: 'array'
  minItems?: number
  maxItems?: number
  items: { type: 'string'; enum: string[] } | { anyOf: { const: string; title: string }[] }
  default?: string[]
}
export type FormField =
  StringField | NumberField | BooleanField | ChoiceField | TitledChoiceField | MultipleChoiceField

/** A form in JSON Schema, where zod has no words for it (titled choices). */
export interface FormSchema {
  type: 'object'
  properties: Record<string, FormField>
  required?: string[]
}

export type FormValue = string | number | boolean | string[]

/** A page the user opens, for what must not pass through the client: sign-in, payment, secrets. */
export interface Page {
  /** `https:`; the same in every run. The page itself must check who opens it. */
  url: string
}

/** What the user did with a page; what happened there, the page's own server knows. */
export type Opened = { action: 'accept' | 'decline' | 'cancel' }

/** A form: a flat zod object, or JSON Schema. */
export type Form = z.ZodObject | FormSchema

export type FormContent<Asked extends Form> = Asked extends z.ZodObject
  ? z.output<Asked>
  : Record<string, FormValue>

/** What the user did. `decline`: said no; `cancel`: closed the form without deciding. */
export type Elicited<Content> =
  { action: 'accept'; content: Content } | { action: 'decline' } | { action: 'cancel' }
