/**
 * Progress must rise (2025-11-25 basic/utilities/progress), but a tool that runs
 * again after each answered question counts from the start again: what does not
 * rise is not shown.
 */
import { isObject } from '../../../protocol/jsonrpc.ts'

/** @returns a test of one client's stream: may this notification (JSON text) be shown? */
export function createProgressGate(): (text: string) => boolean {
  let highest = -Infinity
  return (text) => {
    if (!text.includes('notifications/progress')) return true
    const progress = progressOf(text)
    if (progress === undefined) return true
    if (progress <= highest) return false
    highest = progress
    return true
  }
}

/** `undefined`: no progress notification (an answer may well quote one). */
function progressOf(text: string): number | undefined {
  const message: unknown = JSON.parse(text)
  if (!isObject(message) || message['method'] !== 'notifications/progress') return undefined
  const { params } = message
  return isObject(params) && typeof params['progress'] === 'number' ? params['progress'] : undefined
}
