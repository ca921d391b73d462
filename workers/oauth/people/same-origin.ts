/** Forms count only when they come from our own pages (CSRF, login CSRF included). */

/** Browsers name the origin of every form they post; a client that is none has no cookies to abuse. */
export function isOwnForm(request: Request, issuer: string): boolean {
  const origin = request.headers.get('origin')
  if (origin !== null) return origin === issuer
  const site = request.headers.get('sec-fetch-site')
  return site === null || site === 'same-origin' || site === 'none'
}
