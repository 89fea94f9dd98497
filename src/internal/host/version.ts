/**
 * This copy's version, in the keys of what two copies in one process would share: a copy of another version has another
 * loop, and regions of another shape.
 */
export const version = "0.2.0"
