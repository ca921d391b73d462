/** What an operator's machines become on the way to the oauth Worker, judged by what the Worker reads. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { generateKeyPairSync } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import {
  checkMachine,
  clientIdOf,
  machineSecrets,
  makeMachineKey,
  readPublicKey,
  withKey,
  withSecret,
} from '../../../scripts/machine-registry.ts'
import { readMachines } from '../../../workers/oauth/machines/machines.ts'

const folder = mkdtempSync(join(tmpdir(), 'mcp-edge-machines-'))
afterAll(() => rmSync(folder, { recursive: true }))

const PLAIN = { servers: ['clock'], scopes: ['clock:read'] }
const written = (name: string, text: string): string => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

test('the Worker reads what is registered; nothing of it is a secret', () => {
  const { settings, secret } = withSecret(PLAIN)
  const secrets = machineSecrets({ 'ci-runner': settings })
  expect(Object.keys(secrets)).toEqual(['MACHINE_ci_runner'])
  expect(JSON.stringify(secrets)).not.toContain(secret)
  const machine = readMachines(secrets).get(clientIdOf('ci-runner'))
  expect(machine).toMatchObject({ tenant: 'default', introspects: false, ...PLAIN })
})

test('a new secret leaves the one before, and not the one before that', () => {
  const [one, two, three] = [1, 2, 3].map(() => withSecret(PLAIN).settings.secrets?.[0])
  const settings = withSecret({ ...PLAIN, secrets: [String(two), String(one)] }).settings
  expect(settings.secrets).toHaveLength(2)
  expect(settings.secrets).toContain(two)
  expect(settings.secrets).not.toContain(three)
})

describe('keys', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

  test.each([
    ['PEM', () => String(publicKey.export({ type: 'spki', format: 'pem' }))],
    ['JWK', () => JSON.stringify(publicKey.export({ format: 'jwk' }))],
  ])('a public key is read from a %s', (name, text) => {
    expect(readPublicKey(written(name, text()))).toEqual(publicKey.export({ format: 'jwk' }))
  })

  test.each([
    ['PEM', () => String(privateKey.export({ type: 'pkcs8', format: 'pem' }))],
    ['JWK', () => JSON.stringify(privateKey.export({ format: 'jwk' }))],
  ])('a private key in a %s is refused', (name, text) => {
    expect(() => readPublicKey(written(`private-${name}`, text()))).toThrow('private key')
  })

  test('of a pair made here only the public half is registered', async () => {
    const settings = withKey(PLAIN, await makeMachineKey(join(folder, 'new.pem')))
    expect(JSON.stringify(settings)).not.toContain('"d"')
    expect(() => checkMachine('bot', settings)).not.toThrow()
    await expect(makeMachineKey(join(folder, 'new.pem'))).rejects.toThrow('already')
  })
})

test.each([
  ['no server', 'bot', { servers: [] }],
  ['a server that cannot be', 'bot', { servers: ['No Server'] }],
  ['a name in capitals', 'Bot', PLAIN],
  ['a scope with a space', 'bot', { ...PLAIN, scopes: ['a b'] }],
  ['the tenant of the platform itself', 'bot', { ...PLAIN, tenant: 'platform' }],
  ['a secret that is no hash', 'bot', { ...PLAIN, secrets: ['hunter2'] }],
  ['a private key', 'bot', { ...PLAIN, keys: [{ kty: 'EC' as const, d: 'x' }] }],
])('refused: %s', (_, name, settings) => {
  expect(() => checkMachine(name, settings)).toThrow(
    /It cannot be registered: .+ will not do|private key/,
  )
})
