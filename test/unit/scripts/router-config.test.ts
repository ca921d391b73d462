import { expect, test } from 'vitest'
import { withServers } from '../../../scripts/gen/router-config.ts'

test('binds every server and keeps what the root configuration binds', () => {
  const config = withServers(
    {
      name: 'router',
      main: 'workers/router/index.ts',
      services: [{ binding: 'OAUTH', service: 'oauth' }],
    },
    ['clock', 'notes-x'],
  )
  expect(config).toEqual({
    name: 'router',
    main: '../workers/router/index.ts',
    services: [
      { binding: 'OAUTH', service: 'oauth' },
      { binding: 'SERVER_clock', service: 'clock' },
      { binding: 'SERVER_notes_x', service: 'notes-x' },
    ],
  })
})
