/**
 * What a tool's code may use of PLATFORM, by the names handlers call it by. Found
 * by the generator, published with the definitions (`uses`), read by the router.
 */
export const PLATFORM_USES = ['once', 'state', 'attach', 'notify', 'connection'] as const

/** Of tools that are neither read-only nor idempotent: their answers are claimed (DESIGN §4.6). */
export const ASKING_USES = ['elicit', 'sample', 'roots'] as const

export type PlatformUseName = (typeof PLATFORM_USES)[number] | (typeof ASKING_USES)[number]
