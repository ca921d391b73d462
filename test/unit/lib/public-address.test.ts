/** Which addresses of others are fetched: public names over https, and for strangers in one spelling only. */
import { describe, expect, test } from 'vitest'
import { addressFault } from '#shared/lib/public-address.ts'

const STRICT = { strict: true }

test.each([
  'https://client.example/app.json',
  'https://client.example/',
  'https://client.example/app.json?v=1',
  'https://a.b.client.example/%41/app',
  'https://xn--bcher-kva.example/app.json',
  'https://1.2.3.example/app.json',
  'https://127.0.0.1.nip.example/app.json',
  'https://localhost.example/app.json',
  'https://internal.example/app.json',
])('%s may be fetched', (address) => {
  expect(addressFault(address)).toBeUndefined()
  expect(addressFault(address, STRICT)).toBeUndefined()
})

describe.each([
  ['of a stranger', STRICT],
  ['of an operator', {}],
])('an address %s', (_, rules) => {
  test.each([
    'http://client.example/app.json',
    'ftp://client.example/app.json',
    'file:///etc/passwd',
    'data:application/json,{}',
    'http://localhost:8080/app.json',
    'http://127.0.0.1/app.json',
  ])('%s is not https', (address) => {
    expect(addressFault(address, rules)).toContain('must begin with https://')
  })

  test.each([
    '',
    'client.example/app.json',
    '//client.example/app.json',
    'https://',
    'https://a b/',
  ])('%j is not a URL', (address) => {
    expect(addressFault(address, rules)).toBe('The address is not a URL')
  })

  test.each([
    'https://127.0.0.1/app.json',
    'https://10.0.0.1/app.json',
    'https://169.254.169.254/latest/meta-data',
    'https://8.8.8.8/app.json',
    'https://0.0.0.0/app.json',
    'https://2130706433/app.json',
    'https://0x7f000001/app.json',
    'https://0x7f.0.0.1/app.json',
    'https://0177.0.0.1/app.json',
    'https://127.1/app.json',
    'https://127.0.0.1./app.json',
    'https://①②⑦.⓪.⓪.①/app.json',
    'https://[::1]/app.json',
    'https://[::]/app.json',
    'https://[fd00::1]/app.json',
    'https://[fe80::1]/app.json',
    'https://[::ffff:127.0.0.1]/app.json',
    'https://[::ffff:7f00:1]/app.json',
    'https://[64:ff9b::7f00:1]/app.json',
    'https://[2001:4860:4860::8888]/app.json',
  ])('%s is an IP address', (address) => {
    expect(addressFault(address, rules)).toContain('not an IP address')
  })

  test.each([
    'https://localhost/app.json',
    'https://localhost./app.json',
    'https://LOCALHOST/app.json',
    'https://app.localhost/app.json',
    'https://localhost.localdomain/app.json',
    'https://printer.local/app.json',
    'https://printer.LOCAL./app.json',
    'https://metadata.google.internal/computeMetadata/v1/',
    'https://metadata/app.json',
    'https://intranet/app.json',
    'https://wiki.intranet/app.json',
    'https://router.lan/app.json',
    'https://nas.home/app.json',
    'https://nas.home.arpa/app.json',
    'https://git.corp/app.json',
    'https://db.private/app.json',
    'https://app.test/app.json',
    'https://app.invalid/app.json',
    'https://app.onion/app.json',
    'https://app.alt/app.json',
    'https://client.example./app.json',
    'https://client..example/app.json',
  ])('%s is at no public name', (address) => {
    expect(addressFault(address, rules)).toContain('must be a public name')
  })

  test.each([
    'https://user@client.example/',
    'https://user:secret@client.example/',
    'https://:x@a.example/',
  ])('%s has a user name', (address) => {
    expect(addressFault(address, rules)).toContain('user name')
  })

  test.each(['https://client.example/app.json#x', 'https://client.example/app.json#'])(
    '%s has a fragment',
    (address) => {
      expect(addressFault(address, rules)).toContain('fragment')
    },
  )
})

test.each(['https://client.example:8443/app.json', 'https://client.example:80/app.json'])(
  'a stranger may not name the port in %s; an operator may',
  (address) => {
    expect(addressFault(address, STRICT)).toContain('standard port')
    expect(addressFault(address)).toBeUndefined()
  },
)

test.each([
  'https://client.example',
  'https://client.example:443/app.json',
  'HTTPS://client.example/app.json',
  'https://Client.example/app.json',
  'https:client.example/app.json',
  'https:/client.example/app.json',
  'https:///client.example/app.json',
  'https:\\\\client.example/app.json',
  'https://client.example\\app.json',
  'https://@client.example/app.json',
  'https://client.example/a/./app.json',
  'https://client.example/a/../app.json',
  'https://client.example/a/%2E%2e/app.json',
  ' https://client.example/app.json',
  'https://client.example/a\tpp.json',
  'https://client.example/ä.json',
  'https://clіent.example/app.json',
])('a stranger must write %j in its one spelling', (address) => {
  const { href = '' } = URL.parse(address) ?? {}
  expect(addressFault(address, STRICT)).toBe(`The address must be written as ${href}`)
})

test.each([
  'http://localhost:8787/keys',
  'https://localhost/keys',
  'http://127.0.0.1:1/',
  'http://[::1]:1/',
])('%s is this machine: for what an operator has there, and for nothing else', (address) => {
  expect(addressFault(address, { local: true })).toBeUndefined()
  expect(addressFault(address)).toBeDefined()
  expect(addressFault(address, STRICT)).toBeDefined()
})

test.each([
  'http://192.168.0.1/',
  'https://192.168.0.1/',
  'http://127.0.0.2/',
  'http://printer.local/',
])('%s is not this machine, for an operator either', (address) => {
  expect(addressFault(address, { local: true })).toBeDefined()
})
