/**
 * The runtime SPI: a {@link dev.kapal.runtime.Runtime} creates sandboxes, a sandbox creates
 * containers, a container runs processes. Calls block; objects may be used by several threads at
 * once.
 */
@NullMarked
package dev.kapal.runtime;

import org.jspecify.annotations.NullMarked;
