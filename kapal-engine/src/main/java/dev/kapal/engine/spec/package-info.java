/**
 * What a caller asks for: the request records of a container, an exec and a volume.
 *
 * <p>Pure values with no dependency on the engine. They are checked as they are built: a record
 * that exists is well-formed by itself; whether it fits the host is for the engine to say.
 */
@NullMarked
package dev.kapal.engine.spec;

import org.jspecify.annotations.NullMarked;
