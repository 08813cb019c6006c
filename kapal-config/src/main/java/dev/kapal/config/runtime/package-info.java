/** Names of runtimes and what they stand for. */
@NullMarked
package dev.kapal.config.runtime;

import org.jspecify.annotations.NullMarked;
