/** The class behind `Semaphore` and `BoundedSemaphore`: permits, without a record of who holds them. */
import type { Semaphore } from "../../Semaphore.ts"
import * as check from "../host/check.ts"
import type { Words } from "../host/printing.ts"
import { counted } from "../host/words.ts"
import { Holdable } from "./Holdable.ts"

export class SemaphoreImpl extends Holdable implements Semaphore {
  readonly "~effect-asyncio/Semaphore" = "~effect-asyncio/Semaphore"
  /** How many permits there may be. */
  private readonly bound: number

  constructor(permits: number, bound: number) {
    super(permits)
    this.bound = bound
  }

  get kind(): string {
    return this.bound === Infinity ? "Semaphore" : "BoundedSemaphore"
  }
  get isLocked(): boolean {
    return this.available === 0 || this.line.head !== undefined
  }
  describe(): Words {
    return [
      this.isLocked ? "locked" : "unlocked",
      `value=${this.available}`,
      counted("waiters", this.line.length)
    ]
  }

  override release(): void {
    if (this.free >= this.bound) {
      check.illegal("BoundedSemaphore.release", "the number of permits", this.bound + 1, `at most ${this.bound}`)
    }
    super.release()
  }
}
