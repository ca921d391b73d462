/**
 * Debian's Chromium for the few tests that need a real browser. Where there is
 * none they are skipped, unless REQUIRE_BROWSER is set (as CI does): then they fail.
 */
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'
import { test } from 'vitest'

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const executablePath = process.env['CHROMIUM_PATH'] ?? PATHS.find((path) => existsSync(path))

/** `test` for tests that call {@link launchBrowser}. */
export const browserTest = test.skipIf(
  executablePath === undefined && process.env['REQUIRE_BROWSER'] === undefined,
)

/** @throws when there is no Chromium on this machine */
export async function launchBrowser(): Promise<Browser> {
  if (executablePath === undefined) {
    throw new Error('No Chromium found: apt-get install chromium, or set CHROMIUM_PATH')
  }
  return chromium.launch({
    executablePath,
    // CI runs as root in a container, where Chromium's own sandbox cannot start.
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
}
