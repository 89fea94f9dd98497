/** A timer that wakes a waiter: what `sleep` and every timeout that only waits are made of. */
import { Timer } from "./Timers.ts"
import { Parked, type Waiter } from "./WaitQueue.ts"

export class WakeTimer extends Timer {
  private readonly waiter: Waiter<any, any>
  constructor(deadline: number, waiter: Waiter<any, any>) {
    super(deadline)
    this.waiter = waiter
  }
  get owner(): unknown {
    return this.waiter.owner
  }
  fire(): void {
    if (this.waiter.state === Parked) this.waiter.wake()
  }
}
