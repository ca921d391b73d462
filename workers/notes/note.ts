import type { ToolContext } from '#shared'

/** Every key begins with its owner: nobody reads what another wrote. */
export const keyOf = ({ tenant, subject }: ToolContext['principal'], id = ''): string =>
  `${tenant}/${subject}/${id}`
