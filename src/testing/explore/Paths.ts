/**
 * Names in the tree of creation, the same in every run of a check: each path of indices from main on is a number.
 */
export class Paths {
  // INVARIANT: of equal length; the path of number n is that of `parents[n]`, and `indices[n]` behind it. Main is 0.
  private readonly parents: Array<number> = [0]
  private readonly indices: Array<number> = [0]
  private readonly children = new Map<number, Map<number, number>>()
  private readonly numbers = new Map<number, number>()
  private readonly counts = new Map<number, number>()

  child(parent: number, index: number): number {
    let siblings = this.children.get(parent)
    if (siblings === undefined) this.children.set(parent, siblings = new Map())
    let path = siblings.get(index)
    if (path === undefined) {
      path = this.parents.push(parent) - 1
      this.indices.push(index)
      siblings.set(index, path)
    }
    return path
  }

  /** Which of its parent's fibers it is, in the order in which they became known; from 1. */
  numberOf(path: number): number {
    let number = this.numbers.get(path)
    if (number === undefined) {
      const parent = this.parents[path]!
      number = (this.counts.get(parent) ?? 0) + 1
      this.counts.set(parent, number)
      this.numbers.set(path, number)
    }
    return number
  }

  /** The indices from main on. */
  indicesOf(path: number): ReadonlyArray<number> {
    const indices: Array<number> = []
    for (let at = path; at !== 0; at = this.parents[at]!) indices.push(this.indices[at]!)
    return indices.toReversed()
  }

  of(indices: ReadonlyArray<number>): number {
    return indices.reduce((path, index) => this.child(path, index), 0)
  }
}
