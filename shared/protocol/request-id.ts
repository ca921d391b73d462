/** Ids of JSON-RPC requests (JSON-RPC 2.0 §4; MCP allows no null). */

export type RequestId = string | number
