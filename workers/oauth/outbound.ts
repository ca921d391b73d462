/**
 * The fetch of the OAuth library: metadata documents of clients, and the keys they name.
 * workers-oauth-provider calls the isolate's `fetch`, follows redirects, takes any content
 * type, and offers no other way to fetch. So the isolate's `fetch` is the guarded one
 * (draft-ietf-oauth-client-id-metadata-document-02 §5, §8.6, §8.7).
 *
 * The library bounds a document to 5 KiB itself, and keeps no failure.
 */
import { guardGlobalFetch } from '#shared/lib/foreign-fetch.ts'
import {
  CLIENT_DOCUMENT_MAX_AGE_SECONDS,
  CLIENT_DOCUMENT_TIMEOUT_MS,
  FOREIGN_JWKS_MAX_BYTES,
} from './limits.ts'

guardGlobalFetch({
  strict: true,
  document: true,
  maxBytes: FOREIGN_JWKS_MAX_BYTES,
  timeoutMs: CLIENT_DOCUMENT_TIMEOUT_MS,
  maxAgeSeconds: CLIENT_DOCUMENT_MAX_AGE_SECONDS,
})
