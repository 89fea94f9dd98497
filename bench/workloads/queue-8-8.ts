import { pipeline } from "../pipeline.ts"
import type { Workload } from "../workload.ts"

export const workload: Workload = {
  title: "queue of 100, 8 producers, 8 consumers",
  measure: "wall",
  reach: { ratio: 0.22 },
  variants: pipeline(8)
}
