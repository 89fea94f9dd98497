/**
 * Dining philosophers on the virtual loop. Each takes the fork at the left, then the one at the right: all starve, and
 * the loop says who waits for whom. If each takes the lower fork first, all eat, in an order that never changes.
 */
import { Console, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { runMain } from "effect-asyncio/node"
import { VirtualLoop } from "effect-asyncio/testing"

const { EventLoop, Lock } = asyncio

const names = ["Arendt", "Bacon", "Camus", "Descartes", "Epicurus"]

/** `first` picks the fork to take first. */
const dinner = Effect.fn("dinner")(function*(first: (left: number, right: number) => number) {
  const forks = yield* Effect.forEach(names, () => Lock.make)

  const philosopher = (name: string, left: number) => {
    const right = (left + 1) % names.length
    const one = first(left, right)
    const other = one === left ? right : left
    const eat = Effect.gen(function*() {
      yield* Console.log(`${name} eats at ${yield* EventLoop.time} s`)
      yield* asyncio.sleep("1 minute")
    })
    return Lock.withLock(
      forks[one]!,
      Effect.andThen(asyncio.sleep("1 second"), Lock.withLock(forks[other]!, eat))
    )
  }
  const tasks = yield* Effect.forEach(names, (name, seat) => asyncio.createTask(philosopher(name, seat), { name }))
  for (const task of tasks) yield* task
  yield* Console.log(`all have eaten at ${yield* EventLoop.time} s`)
})

/** Nothing comes from outside, so there is nothing to have patience for. */
const options: VirtualLoop.Options = { patience: 0 }

export const deadlocking = VirtualLoop.run(dinner((left) => left), options).pipe(
  Effect.catchTag("DeadlockError", (error) => Console.log(error.message))
)

export const mended = VirtualLoop.run(dinner((left, right) => Math.min(left, right)), options)

export const main = Effect.andThen(deadlocking, mended)

if (import.meta.main) await runMain(main)
