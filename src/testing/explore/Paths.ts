/**
 * Names in the tree of creation, the same in every run of a check: each path of indices from main on is a number.
 */
export class Paths {
  // INVARIANT: of equal length; path number n is that of `parents[n]`, followed by `indices[n]`. Main is 0.
  private readonly parents: Array<number> = [0]
  private readonly indices: Array<number> = [0]
  private readonly children = new Map<number, Map<number, number>>()
  // What has become known about fibers.
  private readonly forks = new Map<number, string>()
  private readonly functions = new Map<number, string>()
  private readonly counts = new Map<string, number>()

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

  /** A fiber became known, and which fiber forked it: this is that one's nth. */
  forked(path: number, parent: string): void {
    if (this.forks.has(path)) return
    const number = (this.counts.get(parent) ?? 0) + 1
    this.counts.set(parent, number)
    this.forks.set(path, `fork ${number} of ${parent}`)
  }

  nameFiber(path: number, name: string): void {
    if (!this.functions.has(path)) this.functions.set(path, name)
  }

  fiberName(path: number): string {
    const name = this.functions.get(path)
    const fork = this.forks.get(path)!
    return name === undefined ? fork : `${name}, ${fork}`
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
