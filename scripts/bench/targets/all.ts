/** Everything `npm run bench` can measure, in the order of the table. */
import type { TargetPlan } from '../target.ts'
import { engine } from './engine.ts'
import { floorFixed, floorHop, floorHopByUrl, floorJson } from './floor.ts'
import { mcpAgent } from './mcp-agent.ts'
import { oauthAgents } from './oauth-agents.ts'
import { platform, platformByUrl } from './platform.ts'
import { agents, sdk, sdkHundred } from './stateless-peers.ts'

export const TARGETS: readonly TargetPlan[] = [
  floorFixed,
  floorJson,
  floorHop,
  floorHopByUrl,
  engine,
  platform,
  platformByUrl,
  sdk,
  sdkHundred,
  agents,
  oauthAgents,
  mcpAgent,
]
