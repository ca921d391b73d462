/** Which redirect URIs an app may have: what real clients register, and what opens something else. */
import { describe, expect, test } from 'vitest'
import {
  isLoopbackRedirect,
  redirectUriFault,
} from '../../../workers/oauth/authorize/redirect-policy.ts'

describe('allowed', () => {
  test.each([
    'https://app.example/callback',
    'https://app.example/callback?app=1',
    'https://app.example:8443/callback',
    'https://app.example',
    'https://claude.ai/api/mcp/auth_callback',
    'https://chatgpt.com/connector_platform_oauth_redirect',
    'https://vscode.dev/redirect',
    'https://www.cursor.com/agents/mcp/oauth/callback',
  ])('https: %s', (uri) => {
    expect(redirectUriFault(uri)).toBeUndefined()
  })

  test.each([
    'http://localhost:1234/callback',
    'http://127.0.0.1/callback',
    'http://127.0.0.1:33418',
    'http://127.0.0.1:33418/',
    'http://[::1]:9/callback',
  ])('this computer: %s (RFC 8252 §7.3)', (uri) => {
    expect(redirectUriFault(uri)).toBeUndefined()
  })

  test.each([
    'com.example.app:/callback',
    'com.example.app:/callback?x=1',
    'com.example.app://callback',
    'com.raycast:/oauth?package_name=Extension',
    'com.googleusercontent.apps.123-abc:/oauthredirect',
  ])('a domain name in reverse: %s (RFC 8252 §7.1)', (uri) => {
    expect(redirectUriFault(uri)).toBeUndefined()
  })

  test.each([
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'vscode://saoudrizwan.claude-dev/mcp-auth/callback/1a2b3c',
    'vscode-insiders://saoudrizwan.claude-dev/mcp-auth/callback/1a2b3c',
    'vscodium://saoudrizwan.claude-dev/mcp-auth/callback/1a2b3c',
    'code-oss://publisher.extension/callback',
    'windsurf://codeium.windsurf/callback',
    'windsurf://codeium.windsurf',
    'kiro://kiro.kiroAgent/callback',
    'trae://trae.ai-ide/callback',
    'claude://claude.ai/mcp-auth-callback/sdk',
    'claude://claude.ai/mcp-auth-callback',
    'warp://mcp/oauth2callback',
    'grokbot://mcp/oauth/callback',
    'raycast://oauth?package_name=Extension',
    'raycast://oauth?package_name=mcp_server_notes_(dev)',
  ])('a known app: %s', (uri) => {
    expect(redirectUriFault(uri)).toBeUndefined()
  })
})

describe('refused, with a sentence that says why', () => {
  test.each([
    'https:evil.example',
    'https:/evil.example/',
    'https:///evil.example/',
    'HTTPS://app.example/callback',
    'https://APP.example/callback',
    'https://app.example:443/callback',
    'https://app.example/a/../callback',
    'https://app.example/a/%2e%2e/callback',
    'https://2130706433/',
    'https://0x7f.1/',
    'http://127.1:3000/',
    'http://[0:0:0:0:0:0:0:1]:3000/',
    'com.example.app:/a/../callback',
    'CURSOR://anysphere.cursor-mcp/oauth/callback',
    'https://@app.example/callback',
  ])('%s is not the one spelling', (uri) => {
    const { href = '' } = URL.parse(uri) ?? {}
    expect(redirectUriFault(uri)).toBe(`This redirect URI must be written as ${href}`)
  })

  test.each([
    'https://evil.example\\@good.example/',
    'https://good.example\\.evil.example/',
    'https:\\\\evil.example/',
    ' https://app.example/',
    'https://app.example/ ',
    'java\tscript:alert(1)',
    'https://app.example/\u202Egnp',
    'https://аpp.example/',
    'https://app.example/<',
    '/callback',
    '//evil.example/',
    'callback',
    '',
  ])('%j is not written in URI characters, or not absolute', (uri) => {
    expect(redirectUriFault(uri)).toContain('must be an absolute URI')
  })

  test.each(['https://app.example/#fragment', 'https://app.example/#', 'com.example.app:/cb#x'])(
    '%s has a fragment (RFC 6749 §3.1.2)',
    (uri) => {
      expect(redirectUriFault(uri)).toContain('fragment')
    },
  )

  test.each([
    'https://user@app.example/',
    'https://app.example:secret@evil.example/',
    'cursor://user@anysphere.cursor-mcp/oauth/callback',
  ])('%s has a user name', (uri) => {
    expect(redirectUriFault(uri)).toContain('user name')
  })

  test.each([
    'http://app.example/callback',
    'http://127.0.0.1.evil.example/',
    'http://localhost.evil.example/',
    'http://localhost./',
    'http://0.0.0.0/',
    'http://192.168.0.1/',
    'http://[::ffff:127.0.0.1]/',
  ])('%s is cleartext to another computer', (uri) => {
    expect(redirectUriFault(uri)).toContain('must lead to this computer')
  })

  // Handlers of operating systems and browsers, and whatever somebody makes up.
  test.each([
    ...'ms-msdt search-ms ms-settings ms-officecmd intent jar smb chrome edge about data file'.split(
      ' ',
    ),
    ...'javascript JavaScript vbscript blob filesystem view-source mailto tel ssh telnet ftp ws'.split(
      ' ',
    ),
    ...'ldap urn web+app zed jetbrains myapp android-app itms-services steam vscode2'.split(' '),
    'constructor',
    '__proto__',
    'toString',
  ])('the scheme %s is neither a domain name in reverse nor on the list', (scheme) => {
    for (const rest of [':x', '://x/y', ':/callback', '://publisher.extension/callback']) {
      expect(redirectUriFault(scheme + rest), rest).toMatch(/scheme must be|absolute URI/)
    }
  })

  test.each([
    'urn:ietf:wg:oauth:2.0:oob',
    'com.example.app:callback',
    'com.example.app:',
    'com.:/x',
    'a.b:/x',
    'z39.50r:/x',
    'com.example-:/x',
    'web+com.example:/x',
  ])('%s is not scheme:/path with a domain name in reverse (RFC 8252 §8.4)', (uri) => {
    expect(redirectUriFault(uri)).toContain('must be a domain name in reverse')
  })

  test.each([
    'vscode:anysphere.cursor-mcp/oauth',
    'vscode:extension/evil.extension',
    'vscode:mcp/install?%7B%22name%22%3A1%7D',
    'vscode://file/etc/passwd',
    'vscode://file//server/share/x.exe',
    'vscode://vscode-remote/ssh-remote+evil.example/x',
    'vscode://settings/security.workspace.trust.enabled',
    'vscode://vscode.git/clone?url=https://evil.example/x.git',
    'cursor://anysphere.cursor-deeplink/mcp/install?name=x&config=e30',
    'cursor://callback',
    'cursor:///oauth/callback',
    'cursor:/oauth/callback',
    'cursor://anysphere.cursor-mcp:80/oauth/callback',
    'kiro://kiro.mcp/add?name=x&config=e30',
    'trae://trae.ai-ide/mcp-import?type=stdio&config=e30',
    'claude://claude.ai/new?q=do-it',
    'claude://claude.ai/settings',
    'claude://claude.ai.evil.example/mcp-auth-callback/sdk',
    'claude://claude.ai/mcp-auth-callback/sdk?q=do-it',
    'warp://action/new_tab?path=/tmp',
    'warp://mcp/oauth2callback/../../action',
    'grokbot://app/v1/settings?id=update-computer',
    'grokbot://mcp/oauth/callback/../../../app/v1/agent',
    'raycast://extensions/someone/shell/run?arguments=x',
    'raycast://oauth?package_name=Extension&deeplink=raycast://script-commands/x',
    'raycast://oauth',
  ])('%s is another link of a known app than its callback', (uri) => {
    expect(redirectUriFault(uri)).toContain('not a callback of the app')
  })

  test.each(['com.evil.app://localhost/callback', 'com.evil.app://127.0.0.1:1/callback'])(
    '%s would look like an app that listens on this computer',
    (uri) => {
      expect(redirectUriFault(uri)).toContain('would look like this computer')
    },
  )
})

test.each([
  ['http://127.0.0.1:3000/callback', true],
  ['http://localhost/callback', true],
  ['http://[::1]:1/', true],
  ['https://localhost/callback', true],
  ['https://app.example/callback', false],
  ['http://127.0.0.1.evil.example/', false],
  ['com.evil.app://localhost/callback', false],
  ['nonsense', false],
])('%s leads to this computer: %s', (uri, isLoopback) => {
  expect(isLoopbackRedirect(uri)).toBe(isLoopback)
})
