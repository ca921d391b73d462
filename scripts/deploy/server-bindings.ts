/** What a deployed server is bound to, in whichever place it is. */
import { serverPath, type DeployedBinding } from './account.ts'
import type { Target } from './command.ts'
import type { ServersForm } from './servers-form.ts'

type Reader = Pick<Target, 'cloudflare' | 'settings'>

/** None where it is not deployed. @param form the place to look in */
export async function bindingsOf(
  { cloudflare, settings }: Reader,
  server: string,
  form: ServersForm = settings.servers,
): Promise<readonly DeployedBinding[]> {
  const path = `${serverPath(form, settings.env, server)}/settings`
  const found = await cloudflare.get<{ bindings?: DeployedBinding[] }>(path)
  return found?.bindings ?? []
}

/**
 * What a server holds that its next upload must find again. While the form of SERVERS
 * changes, its data is with the Worker of the form before.
 */
export async function heldBindings(
  target: Reader,
  server: string,
): Promise<readonly DeployedBinding[]> {
  const { moving } = target.settings
  const here = await bindingsOf(target, server)
  if (!moving) return here
  const before = await bindingsOf(target, server, moving.from)
  return moving.switched ? [...here, ...before] : [...before, ...here]
}
