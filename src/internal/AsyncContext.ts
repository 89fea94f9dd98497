/**
 * The host's asynchronous context (Node's AsyncLocalStorage), carried from where a task is created to its first step.
 *
 * Effect does this at every suspension of a fiber; a task has no fiber before its first step. Hosts without
 * `node:async_hooks` have nothing to carry, and it is looked up as Effect does, so that no bundler sees an import.
 */
export interface AsyncContext {
  runInAsyncScope(f: () => void, thisArg: unknown): void
  emitDestroy(): void
}

const AsyncResource: (new(type: string) => AsyncContext) | undefined = (() => {
  try {
    const host = globalThis as {
      readonly process?: {
        readonly getBuiltinModule?: (name: string) => { readonly AsyncResource: new(type: string) => AsyncContext }
      }
    }
    return host.process?.getBuiltinModule?.("node:async_hooks")?.AsyncResource
  } catch {
    return undefined
  }
})()

export const capture = (): AsyncContext | undefined =>
  AsyncResource === undefined ? undefined : new AsyncResource("effect-asyncio/Task")

/** Runs `f` in the captured context, which serves once. */
export const run = (context: AsyncContext, f: () => void, thisArg: unknown): void => {
  try {
    context.runInAsyncScope(f, thisArg)
  } finally {
    context.emitDestroy()
  }
}
