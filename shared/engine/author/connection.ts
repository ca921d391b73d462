/** A person's account at another service, as a handler uses it: it acts, and never holds a token. */

export interface ConnectionInit {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `Authorization`, `Cookie` and forwarding headers are not passed on. */
  headers?: Record<string, string>
  /** At most 4 MiB: it may have to be sent twice. */
  body?: string | ArrayBuffer
}

export interface Connection {
  /**
   * `fetch`, as the caller's account there. Only to the hosts the operator named for
   * the service; the token is put in, and renewed, where this Worker cannot see it.
   *
   * @throws ToolError `connection_required` when the person must link the account again
   */
  fetch(url: string | URL, init?: ConnectionInit): Promise<Response>
}

export interface ConnectionContext {
  /**
   * The caller's account at a service that the operator configured, e.g. `github`.
   * Who has not linked one is asked to open a page, where the client can do that;
   * the handler is then run again. Else the error names the page.
   *
   * @throws ToolError `connection_required`, with where to link it; `connection_unavailable`
   */
  connection(service: string): Promise<Connection>
}
