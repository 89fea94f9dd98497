import { describe, expect, it } from "@effect/vitest"
import { Heap, type Member } from "../src/internal/host/Heap.ts"

class Item implements Member {
  readonly key: number
  readonly came: number
  place = -1
  turn = 0
  constructor(key: number, came: number) {
    this.key = key
    this.came = came
  }
}

/** Park and Miller's generator. */
const randomOf = (seed: number) => (below: number) => (seed = seed * 48271 % 2147483647) % below

describe("Heap", () => {
  it("gives what a sorted list gives, with many equals, and members that leave from the middle", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomOf(seed)
      const heap = new Heap<number, Item>((a, b) => a - b)
      const sorted: Array<Item> = []
      const seen: Array<readonly [Item | undefined, Item | undefined]> = []
      for (let came = 0; came < 150; came++) {
        const what = random(5)
        if (what < 3) {
          const item = new Item(random(20), came)
          heap.push(item, item.key)
          sorted.push(item)
          sorted.sort((a, b) => a.key - b.key || a.came - b.came)
        } else if (what === 3) {
          seen.push([heap.pop(), sorted.shift()])
        } else if (sorted.length > 0) {
          heap.remove(sorted.splice(random(sorted.length), 1)[0]!)
        }
        seen.push([heap.peek(), sorted[0]])
      }
      while (heap.size > 0) seen.push([heap.pop(), sorted.shift()])
      for (const [got, expected] of seen) expect(got).toBe(expected)
      expect(sorted).toEqual([])
    }
  })

  it("is as it was when the order throws, whichever comparison that is", () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = randomOf(seed)
      let left = Infinity
      const heap = new Heap<number, Item>((a, b) => {
        if (left-- === 0) throw new Error("no order")
        return a - b
      })
      const items = Array.from({ length: 40 }, (_, came) => new Item(random(20), came))
      for (const item of items) heap.push(item, item.key)
      const places = items.map(({ place }) => place)
      const one = new Item(random(20), 40)
      const middle = items[random(40)]!
      for (const change of [() => heap.push(one, one.key), () => heap.pop(), () => heap.remove(middle)]) {
        const throws = (allowed: number): boolean => {
          left = allowed
          try {
            change()
            return false
          } catch {
            return true
          }
        }
        for (let allowed = 0; throws(allowed); allowed++) {
          expect([heap.size, one.place, items.map(({ place }) => place)]).toEqual([items.length, -1, places])
        }
        // Undone, for the next one.
        left = Infinity
        heap.clear()
        for (const item of items) heap.push(item, item.key)
      }
      expect(Array.from(items, () => heap.pop())).toEqual(
        items.toSorted((a, b) => a.key - b.key || a.came - b.came)
      )
    }
  })

  it("forgets a member that is not in it, and all of them when it is cleared", () => {
    const heap = new Heap<number, Item>((a, b) => a - b)
    const [a, b] = [new Item(1, 0), new Item(2, 1)]
    heap.push(a, 1)
    heap.push(b, 2)
    heap.remove(a)
    heap.remove(a)
    expect([heap.size, heap.peek()]).toEqual([1, b])
    heap.clear()
    heap.remove(b)
    expect([heap.size, heap.pop(), b.place]).toEqual([0, undefined, -1])
  })
})
