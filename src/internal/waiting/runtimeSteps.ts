/** The steps that Effect's own runtime asks for: forks and yields. */
import * as Fiber from "effect/Fiber"
import type { Entry, Whose } from "../kernel/Entry.ts"
import type { RuntimeSteps } from "../kernel/ReadyQueue.ts"
import { meetAfterYield, postpone } from "./cancellation.ts"
import { CurrentRegion, isAbandoned, type Region } from "./Region.ts"

/**
 * A step that Effect's own runtime schedules: a fork or a yield. If the fiber that scheduled it has yielded and its
 * task was asked to cancel meanwhile, the request beats the resumption, as it does for every waiter.
 */
class RuntimeEntry implements Entry {
  /** The fiber that yielded, or that forked another. */
  readonly fiber = Fiber.getCurrent()
  private readonly region: Region | undefined
  private readonly task: () => void
  constructor(task: () => void) {
    this.region = this.fiber?.getRef(CurrentRegion)
    this.task = task
  }
  get what() {
    return "step" as const
  }
  get owner(): Whose {
    return this.region?.owner.task ?? this.fiber
  }
  /** The region that the fiber itself runs, if a request is pending there. */
  get asked(): Region | undefined {
    const region = this.region
    return region?.owner.pending !== undefined && region.fiber === this.fiber ? region : undefined
  }
  run(): void {
    if (this.region?.owner.pending !== undefined) {
      if (isAbandoned(this.region)) return
      if (this.asked !== undefined) meetAfterYield(this.asked)
    }
    this.task()
  }
}

/** The `scheduleTask` of every queue. */
export const runtimeSteps: RuntimeSteps = (queue, task, priority) => {
  const entry = new RuntimeEntry(task)
  queue.schedule(entry, priority)
  // The step comes after the scheduled delivery of a request, so the request waits for the step.
  const owner = entry.asked?.owner
  if (owner !== undefined && owner.ready === queue) postpone(owner)
}
