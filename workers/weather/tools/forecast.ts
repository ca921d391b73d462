import { defineTool, ToolError } from '#shared'
import * as z from 'zod'

const ATTEMPTS = 3
const ATTEMPT_TIMEOUT_MS = 2_000
const PAUSE_MS = 100

const forecast = z.object({ city: z.string(), celsius: z.number(), sky: z.string() })

export default defineTool({
  description: 'Forecast the weather of a city for today',
  input: z.object({ city: z.string().min(1).max(80) }),
  output: forecast,
  annotations: { readOnlyHint: true, openWorldHint: true },
  async handler({ city }, { env, signal }) {
    const url = new URL(`/today/${encodeURIComponent(city)}`, env.WEATHER_URL)
    const headers = { authorization: `Bearer ${env.WEATHER_KEY}` }
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const response = await get(url, headers, signal)
      if (response?.ok) return forecast.parse(await response.json())
      if (response?.status === 404) throw new ToolError(`There is no city "${city}".`)
      // What we got wrong no repetition puts right: masked for the model, told in the log.
      if (response && response.status < 500) throw new Error(`weather: ${response.status}`)
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** attempt))
    }
    throw new ToolError('The weather service is down.', { retryable: true, retryAfterMs: 30_000 })
  },
})

/** `undefined`: no answer, this time. */
async function get(url: URL, headers: Record<string, string>, caller: AbortSignal) {
  const signal = AbortSignal.any([caller, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)])
  try {
    return await fetch(url, { headers, signal })
  } catch {
    caller.throwIfAborted()
    return undefined
  }
}
