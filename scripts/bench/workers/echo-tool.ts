/** The peers' tool: what `servers.ts` writes for our own platform, said to the SDKs. */
import * as z from 'zod'

export const ECHO = {
  description: 'Say a text back',
  inputSchema: z.object({ text: z.string().max(256).describe('What to say') }),
}

export const echo = ({ text }: { text: string }) => ({
  content: [{ type: 'text' as const, text }],
})
