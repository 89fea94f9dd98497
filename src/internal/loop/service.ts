/** The service's key, kept apart from the module of its name, on which the loop's implementation must not depend. */
import * as Context from "effect/Context"
import type { Shape } from "../../EventLoop.ts"
import { version } from "../host/version.ts"

/** Marks every loop that this copy of the package makes. */
export const copy = Symbol("effect-asyncio")

/**
 * The service that everything with tasks asks for.
 *
 * **Details**
 *
 * asyncio raises `RuntimeError: no running event loop`; here a missing loop is a compile error.
 *
 * @category services
 * @since 0.1.0
 */
export class EventLoop extends Context.Service<EventLoop, Shape>()(`effect-asyncio@${version}/EventLoop`) {}
