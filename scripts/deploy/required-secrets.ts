/** Secrets a platform Worker cannot do without, as its configuration says. */
import { experimental_readRawConfig } from 'wrangler'
import { requiredSecrets } from './config.ts'
import { PLATFORM_CONFIGS, type PlatformRole } from './names.ts'

export function readRequiredSecrets(role: PlatformRole): string[] {
  const { rawConfig } = experimental_readRawConfig({ config: PLATFORM_CONFIGS[role] })
  return requiredSecrets(rawConfig).required
}
