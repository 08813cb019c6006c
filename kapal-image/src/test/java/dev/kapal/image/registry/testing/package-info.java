/** Registries that tests can start, break and look into. */
@NullMarked
package dev.kapal.image.registry.testing;

import org.jspecify.annotations.NullMarked;
