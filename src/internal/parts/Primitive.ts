/** What locks, events, queues and the like have in common, for tools that look at a program. */
import * as Effect from "effect/Effect"
import { type Pipeable, pipeArguments } from "effect/Pipeable"
import { Printable, shortened } from "../host/printing.ts"
import { withArticle } from "../host/words.ts"
import { QueuedWaiter } from "../waiting/QueuedWaiter.ts"
import type { Resource } from "../waiting/Region.ts"

export abstract class Primitive extends Printable implements Pipeable, Resource {
  name: string | undefined = undefined
  /** What it is an internal part of: those who wait for a barrier wait at its condition. */
  whole: Primitive | undefined = undefined

  get holder(): Resource["holder"] {
    return undefined
  }

  /** What a waiter here waits for, in words; `verb` if there are several things to wait for. */
  labelFor(verb: string | undefined): string {
    const { kind, name } = this
    if (name === undefined) return verb === undefined ? withArticle(kind) : `${kind}.${verb}`
    return `${kind} "${shortened(name)}"${verb === undefined ? "" : `.${verb}`}`
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}

/** A fiber that waits at a primitive, and takes nothing there. */
export class Visitor extends QueuedWaiter {
  private readonly primitive: Primitive
  private readonly call: string | undefined
  /** `call`: what it waits for there, if there are several things. */
  constructor(primitive: Primitive, call?: string) {
    super()
    this.primitive = primitive.whole ?? primitive
    this.call = call
  }
  override get verb(): string | undefined {
    return this.call
  }
  get label(): string {
    return this.primitive.labelFor(this.verb)
  }
  override get resource(): Primitive {
    return this.primitive
  }
  proceed() {
    return Effect.void
  }
}
