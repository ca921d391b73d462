import { defineTool } from '#shared'

export default defineTool({
  description: "Asks for the client's roots",
  annotations: { readOnlyHint: true },
  async handler(_args, { roots }) {
    const found = await roots('client_roots')
    return `Roots: ${found.map(({ uri, name }) => `${name ?? 'unnamed'} at ${uri}`).join(', ')}`
  },
})
