/**
 * A connection of SPDY/3.1 as Kubernetes' clients speak it: many streams, each with headers that
 * say what it is for. Frames and header compression are Netty's.
 */
@NullMarked
package dev.kapal.streaming.spdy;

import org.jspecify.annotations.NullMarked;
