/** Bounds of text that others wrote and our pages show: unit in the name, reason beside it. */

/** Names of apps, servers and tools: longer ones push our own words off a phone's screen. */
export const NAME_MAX_CHARS = 60
/** A sentence of an author about a permission: two lines of a page. */
export const SENTENCE_MAX_CHARS = 160
/** Host names and schemes: the end of a host says who owns it, so that is the part kept. */
export const HOST_MAX_CHARS = 60
/** URLs and scopes that a person compares with others. */
export const CODE_MAX_CHARS = 200
/** Why a request was refused: a sentence or two, with a value of the request in it. */
export const REASON_MAX_CHARS = 400
/** Read of a text at most, before its invisible characters are out: bounds the work. */
export const SCANNED_MAX_CHARS = 4_096
/** Tibetan and Vietnamese stack three; more climb out of their line and cover other words. */
export const MARKS_MAX = 4
