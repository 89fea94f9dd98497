/** What locks, events, queues and their like have in common, for whoever looks at a program. */
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { Printable } from "./printing.ts"
import type { TaskImpl } from "./task.ts"

export abstract class Primitive extends Printable implements Pipeable {
  /** As somebody calls it who tells several apart. */
  name: string | undefined = undefined

  /** The task that all who wait here wait for, where it is one. */
  get holder(): TaskImpl<unknown, unknown> | undefined {
    return undefined
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}
