/**
 * Entrypoint `Platform`: all a server Worker can reach of the objects Worker.
 * Every method checks the request capability before it names an object; what it
 * then does is shared/services/calls.ts, which authors' tests run too.
 */
import {
  hubsOf,
  connectionOf,
  runOf,
  stateOf,
  type ConnectionRequest,
  type NotifiedChange,
  type NotifiedTo,
  type Platform as PlatformMethods,
  type RunRef,
  type StateOperation,
} from '#shared/contracts/entrypoints.ts'
import { WorkerEntrypoint } from 'cloudflare:workers'
import { CAPABILITY_LABEL } from '#shared/identity/capability.ts'
import { deriveSealKeys, type SealKeys } from '#shared/identity/seal.ts'
import { publish } from '#shared/contracts/hub-publish.ts'
import { PlatformCalls } from '#shared/services/calls.ts'
import { connectionConfig } from '#shared/services/connection-config.ts'
import { createConnectionAccess } from '#shared/services/connections.ts'
import { attachmentsOf } from './attachments.ts'

let derived: { secrets: string; keys: Promise<SealKeys> } | undefined

/** Derived once per isolate. */
function keysOf(secrets: string): Promise<SealKeys> {
  if (derived?.secrets !== secrets) {
    derived = { secrets, keys: deriveSealKeys(secrets, CAPABILITY_LABEL) }
  }
  return derived.keys
}

export class Platform extends WorkerEntrypoint<Cloudflare.Env> implements PlatformMethods {
  readonly #calls = new PlatformCalls(keysOf(this.env.CAPABILITY_SECRETS), {
    run: (name) => runOf(this.env.RUN, name),
    state: (name) => stateOf(this.env.STATE, name),
    connections: createConnectionAccess(
      () => connectionConfig(this.env.CONNECTIONS),
      (owner) => connectionOf(this.env.CONNECTION, owner),
    ),
    publish: (server, notices) => publish(hubsOf(this.env.HUB), server, notices),
    attachments: attachmentsOf(this.env),
  })

  claimRun(capability: string, run: RunRef, round: number) {
    return this.#calls.claimRun(capability, run, round)
  }

  releaseRun(capability: string, run: RunRef, round: number) {
    return this.#calls.releaseRun(capability, run, round)
  }

  recordedStep(capability: string, run: RunRef, key: string) {
    return this.#calls.recordedStep(capability, run, key)
  }

  recordStep(capability: string, run: RunRef, key: string, json: string) {
    return this.#calls.recordStep(capability, run, key, json)
  }
  createState(capability: string) {
    return this.#calls.createState(capability)
  }

  connection(capability: string, service: string) {
    return this.#calls.connection(capability, service)
  }

  connectionFetch(capability: string, service: string, request: ConnectionRequest) {
    return this.#calls.connectionFetch(capability, service, request)
  }

  notify(capability: string, change: NotifiedChange, to: NotifiedTo) {
    return this.#calls.notify(capability, change, to)
  }

  useState(capability: string, handle: string, operation: StateOperation) {
    return this.#calls.useState(capability, handle, operation)
  }

  attach(
    capability: string,
    name: string,
    type: string,
    body: Uint8Array | ReadableStream<Uint8Array>,
  ) {
    return this.#calls.attach(capability, name, type, body)
  }

  readAttachment(capability: string) {
    return this.#calls.readAttachment(capability)
  }
}
