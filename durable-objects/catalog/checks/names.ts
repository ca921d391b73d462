/**
 * Names that some client refuses or renames. Wrong letters and lengths never come
 * this far (shared/protocol/names.ts); here is what is allowed and still goes wrong.
 */
import { CLIENT_TOOL_NAME_MAX_CHARS } from '../../limits.ts'
import { finding, type Check, type CheckFinding } from './check.ts'

/** Clients that show several servers join both: `mcp__<server>__<tool>` in 64 characters. */
const JOIN_CHARS = 'mcp____'.length

export const names: Check = ({ name: server, definitions }) => {
  const seen = new Map<string, string>()
  return definitions.tools.flatMap(({ wire: { name } }): CheckFinding[] => {
    const item = `tool:${name}`
    const joined = JOIN_CHARS + server.length + name.length
    const twin = seen.get(name.toLowerCase())
    seen.set(name.toLowerCase(), name)
    return [
      ...(joined > CLIENT_TOOL_NAME_MAX_CHARS
        ? [
            finding(
              'warning',
              item,
              `With the server's name it has ${joined} characters: clients that join them take ${CLIENT_TOOL_NAME_MAX_CHARS}`,
            ),
          ]
        : []),
      ...(/^[0-9-]/.test(name)
        ? [finding('warning', item, 'Begins with a digit or dash, which some models cannot call')]
        : []),
      ...(twin === undefined
        ? []
        : [finding('warning', item, `Differs from ${twin} in capitals alone`)]),
    ]
  })
}
