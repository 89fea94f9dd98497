/**
 * What goes of a cluster's storage, and when. Effect keeps every message and every reply for good, and has no word for which
 * of them are old; their ids say when they were made. So this is the one place that knows Effect's tables.
 */
import * as Clock from "effect/Clock"
import * as MachineId from "effect/cluster/MachineId"
import * as Snowflake from "effect/cluster/Snowflake"
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

/** How many jobs go in one transaction. */
const batch = 1_000

/** Removes the jobs of a group that have ended so many milliseconds ago; gives how many. */
export const sweep = (
  group: string,
  keep: number,
  prefix: string
): Effect.Effect<number, SqlError, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const sql = (yield* SqlClient.SqlClient).withoutTransforms()
    const [messages, replies] = [sql(`${prefix}_messages`), sql(`${prefix}_replies`)]
    const timestamp = (yield* Clock.currentTimeMillis) - keep
    const oldest = String(Snowflake.make({ machineId: MachineId.make(0), sequence: 0, timestamp }))
    let removed = 0
    for (;;) {
      const ended = yield* sql<{ readonly id: string | number | bigint }>`
        SELECT m.id FROM ${replies} r JOIN ${messages} m ON m.id = r.request_id
        WHERE r.kind = 0 AND r.id < ${oldest} AND m.entity_type = ${group} LIMIT ${sql.literal(String(batch))}`
      if (ended.length === 0) return removed
      const ids = ended.map(({ id }) => String(id))
      yield* sql.withTransaction(Effect.andThen(
        sql`DELETE FROM ${replies} WHERE ${sql.in("request_id", ids)}`,
        sql`DELETE FROM ${messages} WHERE ${sql.in("request_id", ids)}`
      ))
      removed += ids.length
    }
  })
