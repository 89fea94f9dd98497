/**
 * This copy's version. It is in the keys of whatever two copies in one process would share, as a copy of another
 * version has another loop, and regions of another shape.
 */
export const version = "0.2.0"
