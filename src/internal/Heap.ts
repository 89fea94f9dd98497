/**
 * A binary heap whose members know their place, so that one can leave from the middle. Equal members leave in the order
 * they came. `push`, `pop` and `remove` cost O(log n), `peek` O(1).
 *
 * Neither Effect nor JavaScript has a heap; the usual packages can't remove a member, and a timer that is cancelled has
 * to leave at once: a clock must not jump to a deadline that nobody waits for.
 */
export interface Member {
  /** INVARIANT: the member's index in its heap, -1 outside. */
  place: number
  /** INVARIANT: counts up with every push; orders equals. */
  turn: number
}

export class Heap<A extends Member> {
  private readonly members: Array<A> = []
  private readonly compare: (a: A, b: A) => number
  private turns = 0

  constructor(compare: (a: A, b: A) => number) {
    this.compare = compare
  }

  get size(): number {
    return this.members.length
  }

  peek(): A | undefined {
    return this.members[0]
  }

  push(member: A): void {
    member.turn = this.turns++
    this.members.push(member)
    this.rise(member, this.members.length - 1)
  }

  pop(): A | undefined {
    const first = this.members[0]
    if (first !== undefined) this.remove(first)
    return first
  }

  remove(member: A): void {
    const place = member.place
    if (place < 0) return
    const last = this.members.pop()!
    if (last !== member) {
      this.rise(last, place)
      this.sink(last, last.place)
    }
    member.place = -1
  }

  clear(): void {
    for (const member of this.members) member.place = -1
    this.members.length = 0
  }

  private before(a: A, b: A): boolean {
    const order = this.compare(a, b)
    return order < 0 || (order === 0 && a.turn < b.turn)
  }

  private rise(member: A, place: number): void {
    const members = this.members
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = members[above]!
      if (!this.before(member, parent)) break
      members[place] = parent
      parent.place = place
      place = above
    }
    members[place] = member
    member.place = place
  }

  private sink(member: A, place: number): void {
    const members = this.members
    const size = members.length
    for (let below = 2 * place + 1; below < size; below = 2 * place + 1) {
      if (below + 1 < size && this.before(members[below + 1]!, members[below]!)) below++
      const child = members[below]!
      if (!this.before(child, member)) break
      members[place] = child
      child.place = place
      place = below
    }
    members[place] = member
    member.place = place
  }
}
