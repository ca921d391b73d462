/**
 * Step 4 of the request path: limits per principal, server and tool; the refusal
 * is a 429 whose answer names the wait. Sizes are bounded where bodies are read;
 * rates are not limited yet, so this step lets every call pass.
 */
export function limit(): Response | undefined {
  return undefined
}
