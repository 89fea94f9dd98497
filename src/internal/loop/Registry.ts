/**
 * The tasks that are not done, in order of creation: a list through the tasks themselves. Everything but walking is
 * O(1).
 */

/** A member: a task. */
export interface Listed<T> {
  // INVARIANT: its neighbours while it is in a registry.
  older: T | undefined
  newer: T | undefined
}

export class Registry<T extends Listed<T>> {
  // INVARIANT: `oldest` has no `older`, `newest` no `newer`; both undefined exactly when `size` is 0.
  private oldest: T | undefined = undefined
  private newest: T | undefined = undefined
  size = 0

  add(task: T): void {
    task.older = this.newest
    if (this.newest === undefined) this.oldest = task
    else this.newest.newer = task
    this.newest = task
    this.size++
  }

  /** False if it was not in here. */
  delete(task: T): boolean {
    if (task.older === undefined && this.oldest !== task) return false
    if (task.older === undefined) this.oldest = task.newer
    else task.older.newer = task.newer
    if (task.newer === undefined) this.newest = task.older
    else task.newer.older = task.older
    task.older = task.newer = undefined
    this.size--
    return true
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let task = this.oldest; task !== undefined; task = task.newer) yield task
  }
}
