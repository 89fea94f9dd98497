/** How a future and a task print: `<Task finished name='Task-2' result=1>`. */
import * as Cause from "effect/Cause"
import { format } from "effect/Formatter"
import { isCancelled } from "./cancellation.ts"
import type { FutureImpl } from "./future.ts"
import { waiterOf } from "./Region.ts"
import type { TaskImpl } from "./task.ts"

export const describe = (future: FutureImpl<any, any>): string => {
  const task = future.kind === "Task" ? future as TaskImpl<any, any> : undefined
  const parts: Array<string> = [future.kind, stateOf(future)]
  if (task !== undefined) parts.push(`name='${task.name}'`)
  const exit = future.exit
  if (exit === undefined) {
    const label = task === undefined ? undefined : waiterOf(task)?.label
    if (label !== undefined) parts.push(`waiting for ${label}`)
  } else if (exit._tag === "Success") parts.push(`result=${format(exit.value)}`)
  else if (!isCancelled(exit)) parts.push(`exception=${describeError(Cause.squash(exit.cause))}`)
  // Where it comes from matters while it runs, and when it has failed.
  if (task?.createdAt !== undefined && exit?._tag !== "Success") parts.push(`created at ${task.createdAt}`)
  return `<${parts.join(" ")}>`
}

const stateOf = (future: FutureImpl<any, any>): string =>
  future.exit === undefined ? "pending" : isCancelled(future.exit) ? "cancelled" : "finished"

const describeError = (error: unknown): string =>
  error instanceof Error ? `${error.name}(${error.message === "" ? "" : format(error.message)})` : format(error)
