/** Blocking streams over the frames of a connection. */
@NullMarked
package dev.kapal.streaming.pipe;

import org.jspecify.annotations.NullMarked;
