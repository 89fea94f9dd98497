/** What locks, events, queues and their like have in common, for whoever looks at a program. */
import * as Effect from "effect/Effect"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { Printable } from "../host/printing.ts"
import { QueuedWaiter } from "../waiting/QueuedWaiter.ts"
import type { Resource } from "../waiting/Region.ts"

export abstract class Primitive extends Printable implements Pipeable, Resource {
  name: string | undefined = undefined

  get holder(): Resource["holder"] {
    return undefined
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}

/** A fiber that waits at a primitive, and takes nothing there. */
export class Visitor extends QueuedWaiter {
  readonly label: string
  private readonly primitive: Primitive
  constructor(primitive: Primitive, label: string) {
    super()
    this.primitive = primitive
    this.label = label
  }
  override get resource(): Primitive {
    return this.primitive
  }
  proceed() {
    return Effect.void
  }
}
