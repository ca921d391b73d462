/** The body of a request or an answer as text, read no further than its bound; `undefined` when it is longer. */
export async function boundedText(
  request: Pick<Request, 'headers' | 'body'>,
  maxBytes: number,
): Promise<string | undefined> {
  if (Number(request.headers.get('content-length')) > maxBytes) return undefined
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += (chunk as Uint8Array).byteLength
    if (bytes > maxBytes) return undefined
    text += decoder.decode(chunk as Uint8Array, { stream: true })
  }
  return text + decoder.decode()
}
