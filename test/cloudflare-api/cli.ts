/** `node test/cloudflare-api/cli.ts`: the imitation alone, for trying deploys by hand. */
import { startCloudflareApi } from './api.ts'

const api = await startCloudflareApi()
api.intercept = (request) => console.log(request)
for (const [name, value] of Object.entries(api.env)) console.log(`export ${name}=${value}`)
