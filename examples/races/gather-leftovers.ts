import { Data, Effect } from "effect"
import * as asyncio from "effect-asyncio"
import { Explore } from "effect-asyncio/testing"

export const title = "tasks left on an error in gather"
export const story = `Three searches run at once, and one fails. gather passes the failure on at once,
and leaves the two others alone: they run on, detached from whoever started them.
The caller reports the error and leaves, with tasks still at work.`
export const report = "https://github.com/deepset-ai/haystack/issues/11965"

class Unreachable extends Data.TaggedError("Unreachable")<{}> {}

const search = (millis: number) =>
  Effect.andThen(asyncio.sleep(millis), Explore.fault(new Unreachable())).pipe(Effect.as("found"))

const searches = { "books": search(10), "papers": search(20), "web": search(30) }

const report_ = <A, R>(searched: Effect.Effect<A, Unreachable, R>) =>
  Effect.catchTag(searched, "Unreachable", () => Effect.succeed("try again later"))

export const race = report_(asyncio.gather(searches))

export const fixed = report_(asyncio.TaskGroup.run(Effect.fnUntraced(function*(group) {
  const tasks = []
  for (const [name, search] of Object.entries(searches)) tasks.push(yield* group.createTask(search, { name }))
  return yield* Effect.forEach(tasks, asyncio.Task.join)
})))
