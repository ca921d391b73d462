/**
 * Event streams of the 2025 wire: events carry ids, so that a client that lost its
 * stream says where it was (2025-11-25 basic/transports "Resumability and Redelivery").
 */
export { SSE_KEEP_ALIVE } from '../2026-07-28/sse.ts'

/** @param id visible ASCII, unique within the session */
export const sseEvent = (id: string, json: string): string =>
  `id: ${id}\nevent: message\ndata: ${json}\n\n`

/** Says where the stream begins, so that it can be resumed before anything happened (SEP-1699). */
export const ssePriming = (id: string): string => `id: ${id}\ndata: \n\n`
