/** What a list says of a resource beside its URI. */
import type { Resource } from './resource.ts'

export function resourceWire(name: string, resource: Resource) {
  const { title, description, mimeType, annotations, icons } = resource
  return {
    name,
    ...(title === undefined ? {} : { title }),
    description,
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(annotations && { annotations }),
    ...(icons && { icons }),
  }
}
