/**
 * The engine: Kapal's public Java API over images, containers, volumes and networks.
 *
 * <p>Start with {@link dev.kapal.engine.Engine}. Requests are records of {@code
 * dev.kapal.engine.spec}; results are records of this package; everything that fails throws an
 * {@link dev.kapal.engine.EngineException}. All calls block, all objects may be used from any
 * thread, and what takes an ID also takes a name or a unique prefix of the ID.
 */
@NullMarked
package dev.kapal.engine;

import org.jspecify.annotations.NullMarked;
