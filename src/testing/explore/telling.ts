/** Parts of a virtual loop that tell the run what happens in it. */
import type { Resident } from "../../internal/loop/loop.ts"
import { Registry } from "../../internal/loop/Registry.ts"
import { type Sleeper, VirtualClock } from "../VirtualClock.ts"

/** Tells of each task that is made or has ended. */
export class KnownTasks extends Registry<Resident> {
  private readonly onAdd: (task: Resident) => unknown
  private readonly onDelete: (task: Resident) => unknown
  constructor(onAdd: (task: Resident) => unknown, onDelete: (task: Resident) => unknown) {
    super()
    this.onAdd = onAdd
    this.onDelete = onDelete
  }
  override add(task: Resident): void {
    super.add(task)
    this.onAdd(task)
  }
  override delete(task: Resident): boolean {
    this.onDelete(task)
    return super.delete(task)
  }
}

/** Tells of those it wakes. */
export class ExploredClock extends VirtualClock {
  private readonly onWake: (sleeper: Sleeper, wake: () => void) => void
  constructor(onWake: (sleeper: Sleeper, wake: () => void) => void) {
    super()
    this.onWake = onWake
  }
  protected override wake(sleeper: Sleeper): void {
    this.onWake(sleeper, () => super.wake(sleeper))
  }
}
