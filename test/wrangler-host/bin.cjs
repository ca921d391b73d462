#!/usr/bin/env node
/**
 * Stands at node_modules/wrangler/bin/wrangler.js of a test's checkout: a run of wrangler, in the
 * host where the test has started one (host.cjs), else in processes of its own as ever.
 */
'use strict'
const { connect } = require('node:net')

const { WRANGLER_HOST: socketPath, WRANGLER_BIN: bin } = process.env

if (!socketPath) {
  const { spawn } = require('node:child_process')
  const child = spawn(process.execPath, [bin, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.once('exit', (code) => process.exit(code ?? 1))
} else {
  const { WRANGLER_HOST: _host, WRANGLER_BIN: _bin, ...env } = process.env
  let input = ''
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', (chunk) => (input += chunk))
  process.stdin.on('end', () => {
    const socket = connect(socketPath)
    socket.end(JSON.stringify({ argv: process.argv.slice(2), cwd: process.cwd(), env, input }))
    let answered = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      const lines = (answered + chunk).split('\n')
      answered = lines.pop()
      for (const line of lines) {
        const { text, status } = JSON.parse(line)
        if (text !== undefined) process.stdout.write(text)
        if (status !== undefined) process.exitCode = status
      }
    })
  })
}
