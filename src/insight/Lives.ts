/**
 * Lives, by id: a `Map` with a table in front of it. The ids of live tasks are mostly close together, so each has a
 * place in the table, by its last digits; if the place is taken, it is in the map. A map alone took as long as
 * everything else that is done for a task.
 */
import type { Life } from "./Life.ts"

const size = 4096

export class Lives {
  private readonly table: Array<Life | undefined> = new Array(size).fill(undefined)
  // INVARIANT: none of them is in the table.
  private readonly others = new Map<number, Life>()

  get(id: number): Life | undefined {
    const placed = this.table[id % size]
    return placed?.id === id ? placed : this.others.get(id)
  }

  add(life: Life): void {
    const place = life.id % size
    if (this.table[place] === undefined) this.table[place] = life
    else this.others.set(life.id, life)
  }

  delete(id: number): void {
    const place = id % size
    if (this.table[place]?.id === id) this.table[place] = undefined
    else this.others.delete(id)
  }

  get all(): ReadonlyArray<Life> {
    return [...this.table.filter((life) => life !== undefined), ...this.others.values()]
  }
}
