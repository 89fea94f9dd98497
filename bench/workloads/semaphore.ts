import { onSemaphore, others } from "../contention.ts"
import type { Workload } from "../workload.ts"

const permits = 10
const tasks = 1000

export const workload: Workload = {
  title: "semaphore of 10, 1000 tasks, n turns with one `sleep(0)`",
  measure: "wall",
  reach: { ratio: 0.08 },
  variants: { "effect-asyncio": onSemaphore(permits, tasks), ...others(permits, tasks) }
}
