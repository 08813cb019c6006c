/**
 * The engine itself. {@link dev.kapal.engine.core.LocalEngine} opens it; all else is for the engine
 * alone.
 */
@NullMarked
package dev.kapal.engine.core;

import org.jspecify.annotations.NullMarked;
