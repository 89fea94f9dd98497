/**
 * Debug mode: a ready queue that times what it runs, and warns of what held the loop too long.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { LoopImpl } from "./loop.ts"
import { type Entry, type ReadyQueue, scheduleRuntimeTask } from "./ReadyQueue.ts"

export class SlowCallbackQueue implements ReadyQueue {
  private readonly queue: ReadyQueue
  private readonly limit: number
  private readonly loop: LoopImpl

  constructor(queue: ReadyQueue, limitNanos: number, loop: LoopImpl) {
    this.queue = queue
    this.limit = limitNanos / 1e9
    this.loop = loop
  }

  schedule(entry: Entry, priority: number): void {
    this.queue.schedule({ owner: entry.owner, run: () => this.timed(entry.owner, () => entry.run()) }, priority)
  }

  get onPark(): ReadyQueue["onPark"] {
    return this.queue.onPark
  }

  scheduleTask(task: () => void, priority: number): void {
    scheduleRuntimeTask(this, task, priority)
  }

  get takeTurn() {
    return this.queue.takeTurn
  }

  flush(): void {
    this.queue.flush()
  }

  private timed(owner: unknown, run: () => void): void {
    const began = this.loop.timeUnsafe()
    try {
      run()
    } finally {
      const took = this.loop.timeUnsafe() - began
      if (took >= this.limit) {
        const what = owner === undefined || Fiber.isFiber(owner) ? "a step outside of tasks" : String(owner)
        Effect.runForkWith(this.loop.context)(Effect.logWarning(`Executing ${what} took ${took.toFixed(3)} seconds`))
      }
    }
  }
}
