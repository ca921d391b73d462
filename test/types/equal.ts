/** Type-level equality: fails to compile where the two differ, `any` included. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** `typesAgree<A, B>(true)` compiles only for one and the same type. */
export function typesAgree<A, B>(_same: Same<A, B>): void {}
