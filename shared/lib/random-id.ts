/** Ids that are all a stranger has to show (DESIGN §4.8): nobody finds one by trying. */
import { toBase64Url } from './base64url.ts'

const ID_BYTES = 16

/** 128 random bits in 22 characters of base64url. */
export const randomId = (): string => toBase64Url(crypto.getRandomValues(new Uint8Array(ID_BYTES)))

/** Whether a text has the form of {@link randomId}. */
export const isRandomId = (text: string): boolean => /^[\w-]{22}$/.test(text)
