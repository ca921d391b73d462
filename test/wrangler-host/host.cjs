/**
 * The real wrangler, loaded once: each connection is one run of its `main`, one after the other.
 * A process of its own for each run spends a second of a core on loading 15 MB of code; a deploy
 * needs five runs. `node host.cjs <wrangler-dist/cli.js> <socket>`, ended by its parent.
 *
 * Does NOT end a run that was begun: tests that interrupt use processes (_deployed.ts).
 */
'use strict'
const { readFileSync } = require('node:fs')
const Module = require('node:module')
const { createServer } = require('node:net')
const { dirname } = require('node:path')
const { Readable } = require('node:stream')

const [, , cli, socketPath] = process.argv

/** As loaded by `require`, with its main function, which its own tests call in the same way. */
function loadMain() {
  const module = new Module(cli)
  module.filename = cli
  module.paths = Module._nodeModulePaths(dirname(cli))
  module._compile(`${readFileSync(cli, 'utf8')}\nexports.main = main\n`, cli)
  return module.exports.main
}

class Exit extends Error {
  constructor(status) {
    super(`exit ${status}`)
    this.status = status
  }
}

/** One run in the place of the process that asked for it. @returns its exit status */
async function run({ argv, cwd, env, input }, write) {
  process.argv = [process.execPath, cli, ...argv]
  process.chdir(cwd)
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
  Object.assign(process.env, env)
  const stdin = Readable.from([Buffer.from(input)])
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true })
  const kept = { exit: process.exit, out: process.stdout.write, err: process.stderr.write }
  const passOn = (chunk, encoding, done) => {
    write(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString())
    const called = typeof encoding === 'function' ? encoding : done
    called?.()
    return true
  }
  process.stdout.write = passOn
  process.stderr.write = passOn
  process.exitCode = undefined
  process.exit = (status = process.exitCode ?? 0) => {
    throw new Exit(status)
  }
  try {
    await main(argv)
    return process.exitCode ?? 0
  } catch (error) {
    // It has printed why.
    return error instanceof Exit ? error.status : 1
  } finally {
    process.exit = kept.exit
    process.stdout.write = kept.out
    process.stderr.write = kept.err
    process.exitCode = undefined
  }
}

const main = loadMain()
let turn = Promise.resolve()

createServer({ allowHalfOpen: true }, (socket) => {
  let asked = ''
  socket.setEncoding('utf8')
  socket.on('error', () => {})
  socket.on('data', (chunk) => (asked += chunk))
  socket.on('end', () => {
    turn = turn.then(async () => {
      const say = (message) => socket.write(`${JSON.stringify(message)}\n`)
      const status = await run(JSON.parse(asked), (text) => say({ text }))
      say({ status })
      socket.end()
    })
  })
}).listen(socketPath, () => process.stdout.write('ready\n'))
