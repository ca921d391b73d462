/** Whether a server can take another name without losing what it keeps. */
import { experimental_readRawConfig } from 'wrangler'
import { shown } from '../root.ts'
import { Stop } from '../stop.ts'
import type { DeployedBinding } from './account.ts'
import { serverConfigPath } from './config.ts'
import { ownObjects } from './unlink.ts'

/**
 * Wrangler finds a resource without an id by the Worker's name: under another name it
 * would make an empty one.
 *
 * @param name of the folder
 * @param worker the deployed Worker's name
 * @throws Stop with the lines to add
 */
export function checkMovable(
  name: string,
  deployed: readonly DeployedBinding[],
  worker: string,
): void {
  const path = serverConfigPath(name)
  const objects = ownObjects(deployed, worker)
  if (objects.length > 0) {
    throw new Stop(
      shown(path),
      `Its objects (${objects.join(', ')}) belong to the Worker's name: what they remember would be lost.`,
      'Move it with a migration (transferred_classes) by hand; see docs/deploying.md.',
    )
  }
  const { rawConfig } = experimental_readRawConfig({ config: path })
  const kv = unnamed(rawConfig.kv_namespaces, 'id', deployed, 'namespace_id')
  const d1 = unnamed(rawConfig.d1_databases, 'database_id', deployed, 'id')
  const r2 = unnamed(rawConfig.r2_buckets, 'bucket_name', deployed, 'bucket_name')
  const lines = [...kv, ...d1, ...r2]
  if (lines.length === 0) return
  throw new Stop(
    shown(path),
    `Under another name it would get empty resources. Name those it has:\n${lines.join('\n')}`,
    'Add these lines to the bindings in the file, then run this again.',
  )
}

function unnamed(
  configured: readonly { binding: string }[] | undefined,
  member: string,
  deployed: readonly DeployedBinding[],
  deployedMember: string,
): string[] {
  return (configured ?? []).flatMap((binding) => {
    if (Object.hasOwn(binding, member)) return []
    const found = deployed.find(({ name }) => name === binding.binding)
    return found ? [`${binding.binding}: ${member} = "${String(found[deployedMember])}"`] : []
  })
}
