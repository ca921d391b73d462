/** A Worker that does nothing but be there: what cold starts are measured above. */
export default { fetch: () => new Response('ok') }
