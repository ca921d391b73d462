/** Descriptions a model can choose by: there, short enough, and each of its own. */
import { DESCRIPTION_WARNED_CHARS } from '../../limits.ts'
import { finding, type Check, type CheckFinding } from './check.ts'

export const descriptions: Check = ({ definitions }) => {
  const { tools, prompts = [] } = definitions
  const items = [
    ...tools.map(({ wire }) => ({ item: `tool:${wire.name}`, text: wire.description })),
    ...prompts.map(({ wire }) => ({ item: `prompt:${wire.name}`, text: wire.description })),
  ]
  const first = new Map<string, string>()
  return items.flatMap(({ item, text }): CheckFinding[] => {
    const plain = text.trim().toLowerCase()
    if (plain === '') return [finding('warning', item, 'Has no description')]
    const twin = first.get(plain)
    if (twin === undefined) first.set(plain, item)
    return [
      ...(twin === undefined
        ? []
        : [finding('warning', item, `Is described in the same words as ${twin}`)]),
      ...(text.length > DESCRIPTION_WARNED_CHARS
        ? [
            finding(
              'warning',
              item,
              `Described in ${text.length} characters; clients cut long ones`,
            ),
          ]
        : []),
    ]
  })
}
