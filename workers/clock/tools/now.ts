import { defineTool } from '#shared'
import * as z from 'zod'

const isTimeZone = (zone: string): boolean => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }))
  } catch {
    return false
  }
}

export default defineTool({
  title: 'Current time',
  description: 'Tell the current date and time in a time zone',
  input: z.object({
    zone: z
      .string()
      .max(64)
      .refine(isTimeZone, 'not a time zone; use an IANA name such as Europe/Berlin')
      .default('UTC')
      .describe('IANA time zone name, e.g. Europe/Berlin'),
  }),
  output: z.object({
    zone: z.string(),
    local: z.string().describe('Date and time as people there write it'),
    iso: z.iso.datetime().describe('The same moment in UTC'),
  }),
  annotations: { readOnlyHint: true, openWorldHint: false },
  handler({ zone }) {
    const now = new Date()
    const local = now.toLocaleString('en-GB', {
      timeZone: zone,
      dateStyle: 'full',
      timeStyle: 'long',
    })
    return { zone, local, iso: now.toISOString() }
  },
})
