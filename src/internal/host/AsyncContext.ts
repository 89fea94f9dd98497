/**
 * The host's asynchronous context (Node's AsyncLocalStorage), carried from where a task is created to its first step.
 *
 * Effect does this at every suspension of a fiber; a task has no fiber before its first step. Hosts without
 * `node:async_hooks` have nothing to carry, and it is looked up as Effect does, so that no bundler sees an import.
 */
interface Resource {
  runInAsyncScope<A>(f: () => A, thisArg: unknown): A
  emitDestroy(): void
}

const AsyncResource: (new(type: string) => Resource) | undefined = (() => {
  try {
    const host = globalThis as {
      readonly process?: {
        readonly getBuiltinModule?: (name: string) => { readonly AsyncResource: new(type: string) => Resource }
      }
    }
    return host.process?.getBuiltinModule?.("node:async_hooks")?.AsyncResource
  } catch {
    return undefined
  }
})()

/** One captured context, for the tasks that were created in the same step. */
export class AsyncContext {
  private readonly resource: Resource
  // INVARIANT: how many holders have not released it; at 0 it goes back to the host.
  private holders = 1

  constructor(resource: Resource) {
    this.resource = resource
  }

  hold(): this {
    this.holders++
    return this
  }

  release(): void {
    if (--this.holders === 0) this.resource.emitDestroy()
  }

  /** Runs `f` in the context, and releases it. */
  run<A>(f: () => A, thisArg: unknown): A {
    try {
      return this.resource.runInAsyncScope(f, thisArg)
    } finally {
      this.release()
    }
  }
}

export const capture = (): AsyncContext | undefined =>
  AsyncResource === undefined ? undefined : new AsyncContext(new AsyncResource("effect-asyncio/Task"))
