/** Stands for `cloudflare:email`, which bare workerd does not have and no row uses. */
export class EmailMessage {}
