/** For clients that do not say which server they mean (DESIGN §5): the person does. */
import { Foreign } from '../pages/foreign.tsx'
import { page } from '../pages/layout.tsx'
import { AUTHORIZE_PATH } from '../paths.ts'
import { resourceOf } from './resource.ts'
import type { KnownServer } from './known-server.ts'

/** The same request again, with the chosen `resource`. */
export function pickerPage(
  servers: readonly KnownServer[],
  query: URLSearchParams,
  publicOrigin: string,
): Response {
  const kept = [...query].filter(([name]) => name !== 'resource')
  return page(
    'Which server should the app use?',
    <>
      <p>The app did not say which one it wants to connect to. It gets access to that one only.</p>
      <form method="get" action={AUTHORIZE_PATH}>
        {kept.map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <fieldset>
          {servers.map(({ name }, index) => (
            <label>
              <input
                type="radio"
                name="resource"
                value={resourceOf(publicOrigin, name)}
                checked={index === 0}
              />{' '}
              <Foreign text={name} />
            </label>
          ))}
        </fieldset>
        <div class="buttons">
          <button class="go">Continue</button>
        </div>
      </form>
    </>,
  )
}
