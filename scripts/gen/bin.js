#!/usr/bin/env node
// The bin `mcp-edge-gen`, called by the [build] command of every server. Plain
// JavaScript, so that an old Node can still say what is wrong with it.
const OLDEST_NODE_MAJOR = 24

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE_MAJOR) {
  console.error(
    `mcp-edge-gen needs Node ${OLDEST_NODE_MAJOR}, this is ${process.version}: ` +
      'start it as "npx --no mcp-edge-gen" or through an npm script, which use the Node of node_modules.',
  )
  process.exit(1)
}
await import('./cli.ts')
