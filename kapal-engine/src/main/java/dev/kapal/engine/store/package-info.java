/**
 * What the engine remembers: containers and volumes in one SQLite database.
 *
 * <p>The database is a journal of what is in memory: it is read once, when the engine opens.
 * Durability is decided per transaction, see {@link dev.kapal.engine.store.Durability}.
 */
@NullMarked
package dev.kapal.engine.store;

import org.jspecify.annotations.NullMarked;
