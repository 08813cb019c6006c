/**
 * The host check: what will fail, why, and what to do, before it does. Checks are pure functions
 * over a {@link dev.kapal.config.check.Host}; the real one is in the package {@code probe}.
 */
@NullMarked
package dev.kapal.config.check;

import org.jspecify.annotations.NullMarked;
