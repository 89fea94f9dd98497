/** A plain function runs when it is called. A coroutine function gives a coroutine, which runs when a loop runs it. */
import { Console, Effect } from "effect"
import * as asyncio from "effect-asyncio"

const plain = (x: number) => {
  console.log("in plain")
  return x + 3
}

// async def coroutine(x: int) -> int:
const coroutine = Effect.fn("coroutine")(function*(x: number) {
  yield* Console.log("in coroutine")
  return x + 3
})

export const main = async () => {
  console.log(`the plain function gives ${plain(2)}`)

  const called = coroutine(2)
  console.log(`calling the coroutine prints nothing, and gives an Effect? ${Effect.isEffect(called)}`)

  console.log(`run gives ${await asyncio.run(called)}`)

  // One loop for several runs, as loop.run_until_complete would be used.
  await using runner = asyncio.Runner.make()
  console.log(`the runner gives ${await runner.run(coroutine(3))}`)
  console.log(`and again ${await runner.run(coroutine(4))}`)
}

if (import.meta.main) await main()
