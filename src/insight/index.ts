/**
 * Seeing what a program does.
 *
 * @since 0.2.0
 */
export { named } from "./named.ts"
