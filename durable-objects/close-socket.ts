/** Ends a WebSocket, whatever state it is in. */
export function closeSocket(socket: WebSocket, code: number): void {
  try {
    socket.close(code)
  } catch {
    // Closed already.
  }
}
