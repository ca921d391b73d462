/**
 * The Catalog's tables (DESIGN §6: forward migrations, never edited once released).
 *
 * `in_kv`: 0 never tried, 1 tried (KV may hold it), 2 held.
 * `superseded_ms`: since when it is not what callers are shown; null while it is.
 */
export const CATALOG_MIGRATIONS = [
  `CREATE TABLE server (
     name TEXT PRIMARY KEY,
     digest TEXT NOT NULL,
     build TEXT NOT NULL,
     policy TEXT NOT NULL,
     created_ms INTEGER NOT NULL,
     updated_ms INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE TABLE revision (
     name TEXT NOT NULL,
     digest TEXT NOT NULL,
     build TEXT NOT NULL,
     definitions TEXT NOT NULL,
     created_ms INTEGER NOT NULL,
     in_kv INTEGER NOT NULL DEFAULT 0,
     superseded_ms INTEGER,
     PRIMARY KEY (name, digest)
   );
   CREATE TABLE snapshot (
     version INTEGER PRIMARY KEY,
     body TEXT NOT NULL,
     in_kv INTEGER NOT NULL DEFAULT 0,
     superseded_ms INTEGER
   );
   CREATE INDEX revision_due ON revision (in_kv, superseded_ms);`,

  // What callers are shown comes apart from what servers say: labels, tuning, switches.
  `CREATE TABLE view (
     name TEXT NOT NULL,
     view TEXT NOT NULL,
     body TEXT NOT NULL,
     in_kv INTEGER NOT NULL DEFAULT 0,
     superseded_ms INTEGER,
     PRIMARY KEY (name, view)
   );
   INSERT INTO view (name, view, body, in_kv, superseded_ms)
     SELECT name, digest,
       json_object('name', name, 'digest', digest, 'definitions', json(definitions)),
       in_kv, superseded_ms
     FROM revision WHERE in_kv > 0 OR superseded_ms IS NULL;
   CREATE INDEX view_due ON view (in_kv, superseded_ms);

   CREATE TABLE server_2 (
     name TEXT PRIMARY KEY,
     state TEXT NOT NULL,
     build TEXT NOT NULL,
     created_ms INTEGER NOT NULL,
     updated_ms INTEGER NOT NULL
   ) WITHOUT ROWID;
   INSERT INTO server_2
     SELECT name,
       json_object('policy', json(policy), 'enabled', json('true'), 'off', json('[]'),
         'live', json_object('digest', digest, 'tuning', json('{}')), 'held', json('[]')),
       build, created_ms, updated_ms
     FROM server;
   DROP TABLE server;
   ALTER TABLE server_2 RENAME TO server;

   CREATE TABLE revision_2 (
     name TEXT NOT NULL,
     digest TEXT NOT NULL,
     build TEXT NOT NULL,
     definitions TEXT NOT NULL,
     findings TEXT NOT NULL DEFAULT '[]',
     made_by TEXT NOT NULL DEFAULT 'deploy',
     created_ms INTEGER NOT NULL,
     PRIMARY KEY (name, digest)
   );
   INSERT INTO revision_2 (name, digest, build, definitions, created_ms)
     SELECT name, digest, build, definitions, created_ms FROM revision;
   DROP TABLE revision;
   ALTER TABLE revision_2 RENAME TO revision;

   CREATE TABLE change (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     at_ms INTEGER NOT NULL,
     made_by TEXT NOT NULL,
     server TEXT,
     action TEXT NOT NULL,
     note TEXT,
     before TEXT NOT NULL,
     after TEXT NOT NULL
   );
   CREATE INDEX change_of_server ON change (server, id);`,

  // Indexes in KV carry a signature: what was put without one is put again.
  `UPDATE snapshot SET in_kv = 1 WHERE in_kv = 2;`,

  // Records of a backup that is being restored, until they come in force (restore.ts).
  `CREATE TABLE staged (
     backup TEXT NOT NULL,
     kind TEXT NOT NULL,
     at TEXT NOT NULL,
     body TEXT NOT NULL,
     PRIMARY KEY (kind, at)
   );`,
]
