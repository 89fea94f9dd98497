import { pipeline } from "../pipeline.ts"
import type { Workload } from "../workload.ts"

export const workload: Workload = {
  title: "queue of 100, 1 producer, 1 consumer",
  measure: "wall",
  reach: { ratio: 0.15 },
  variants: pipeline(1)
}
