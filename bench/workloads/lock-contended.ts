import { onLock, others } from "../contention.ts"
import type { Workload } from "../workload.ts"

const tasks = 100

export const workload: Workload = {
  title: "lock, 100 tasks contending, n turns with one `sleep(0)`",
  measure: "wall",
  reach: { ratio: 0.3 },
  variants: { "effect-asyncio": onLock(tasks), ...others(1, tasks) }
}
