/** Resources the official suite asks for. */
import { defineResource } from '#shared'

/** One red pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='

export const static_text = defineResource({
  uri: 'test://static-text',
  description: 'A text that never changes',
  mimeType: 'text/plain',
  read: () => 'This is the content of the static text resource.',
})

export const static_binary = defineResource({
  uri: 'test://static-binary',
  description: 'An image that never changes',
  mimeType: 'image/png',
  read: () => Uint8Array.from(atob(PNG), (character) => character.charCodeAt(0)),
})

export const template = defineResource({
  uri: 'test://template/{id}/data',
  description: 'A record by its id',
  mimeType: 'application/json',
  complete: { id: (value) => ['123', '124', '200'].filter((id) => id.startsWith(value)) },
  list: () => [{ uri: 'test://template/123/data', name: 'record-123' }],
  read: ({ id }) => ({ id, templateTest: true, data: `Data for ID: ${id}` }),
})

export const watched_resource = defineResource({
  uri: 'test://watched-resource',
  description: 'A resource to subscribe to',
  read: () => 'Watched resource content.',
})
