/**
 * Full names of groups and clients. A name belongs to the issuer that says it: the
 * platform's own identity provider says `admins`, and an issuer of TRUSTED_ISSUERS
 * says `https://idp.example.com#admins`. The two are different texts, so each
 * comparison of names (OPERATORS, rules, canaries, a handler's own check) keeps
 * issuers apart.
 *
 * An issuer identifier has no fragment (OpenID Connect Discovery §3, RFC 8414 §2),
 * so the first `#` is where its name ends.
 */

const FOREIGN = /^https?:\/\/[^#]*#/

/**
 * @param issuer as its tokens' `iss` carries it; absent: the platform's own provider
 * @param name as the issuer says it
 */
export const fullName = (issuer: string | undefined, name: string): string =>
  issuer === undefined ? name : `${issuer}#${name}`

/** Does a name have the form that only another issuer's names have? */
export const isForeign = (name: string): boolean => FOREIGN.test(name)

/** The name as its issuer says it. */
export const localName = (name: string): string => name.replace(FOREIGN, '')
