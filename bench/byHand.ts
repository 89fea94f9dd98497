/** What people write by hand on promises: first come, first served, nothing else. */

/** A line of waiting promises. */
class Line {
  private readonly resolvers: Array<() => void> = []
  private head = 0

  get length(): number {
    return this.resolvers.length - this.head
  }

  wait(): Promise<void> {
    return new Promise((resolve) => this.resolvers.push(resolve))
  }

  wake(): void {
    const resolve = this.resolvers[this.head++]!
    if (this.head > 1000 && this.head * 2 > this.resolvers.length) {
      this.resolvers.splice(0, this.head)
      this.head = 0
    }
    resolve()
  }
}

export class Semaphore {
  private free: number
  private readonly line = new Line()

  constructor(permits: number) {
    this.free = permits
  }

  async acquire(): Promise<void> {
    if (this.free > 0) this.free--
    // The permit comes with the wake.
    else await this.line.wait()
  }

  release(): void {
    if (this.line.length > 0) this.line.wake()
    else this.free++
  }

  async with<A>(body: () => Promise<A>): Promise<A> {
    await this.acquire()
    try {
      return await body()
    } finally {
      this.release()
    }
  }
}

export class Queue<A> {
  private readonly size: number
  private readonly items: Array<A> = []
  private readonly getters = new Line()
  private readonly putters = new Line()

  constructor(size: number) {
    this.size = size
  }

  async put(item: A): Promise<void> {
    while (this.items.length >= this.size) await this.putters.wait()
    this.items.push(item)
    if (this.getters.length > 0) this.getters.wake()
  }

  async get(): Promise<A> {
    while (this.items.length === 0) await this.getters.wait()
    const item = this.items.shift()!
    if (this.putters.length > 0) this.putters.wake()
    return item
  }
}

export const timeout = async <A>(promise: Promise<A>, delay: number): Promise<A> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error("timeout")), delay)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
